package refserver

import (
	"bytes"
	"html/template"
	"net/http"
)

const pageStyle = `body{font:1rem/1.5 system-ui,sans-serif;max-width:36rem;margin:3rem auto;padding:0 1rem}li{list-style:none;margin:.4rem 0}ul{padding:0}`

const pageTop = `<!DOCTYPE html>
<html lang="en">
<head><meta charset="utf-8"><title>{{template "title" .}}</title>
<style>` + pageStyle + `</style>
</head>
<body><main><h1>{{template "title" .}}</h1>
{{template "body" .}}
</main></body></html>`

var (
	errorPage = newPage(`{{define "title"}}Something is wrong{{end}}{{define "body"}}<p>{{.}}</p>{{end}}`)

	donePage = newPage(`{{define "title"}}Thank you{{end}}{{define "body"}}<p>{{.}} You can close this page.</p>{{end}}`)

	userCodePage = newPage(`{{define "title"}}Connect a device{{end}}{{define "body"}}
{{with .Problem}}<p role="alert">{{.}}</p>{{end}}
<p>Go on only if you hold the device, and it shows this code.</p>
<form method="post" action="/device">
<input type="hidden" name="csrf" value="{{.Secret}}">
{{if .Complete}}<input type="hidden" name="complete" value="true">{{end}}
<p><label>Code on the device <input type="text" name="user_code" value="{{.Code}}" autocomplete="off" autofocus></label></p>
<p><button type="submit">Continue</button></p>
</form>{{end}}`)

	requestsPage = newPage(`{{define "title"}}Waiting for you{{end}}{{define "body"}}
<p>Logged in as {{.User}}.</p>
{{range .Requests}}<form method="post" action="/backchannel">
<h2>{{.Client}}</h2>
{{with .Message}}<p>It shows: {{.}}</p>{{end}}
<input type="hidden" name="csrf" value="{{$.Secret}}">
<input type="hidden" name="request" value="{{.ID}}">
<p><button type="submit">Continue</button></p>
</form>
{{else}}<p>No application waits for you.</p>{{end}}{{end}}`)

	grantsPage = newPage(`{{define "title"}}Who has access{{end}}{{define "body"}}
<p>Logged in as {{.User}}.</p>
{{range .Grants}}<form method="post" action="/account/grants">
<h2>{{.ClientName}}</h2>
<input type="hidden" name="csrf" value="{{$.Secret}}">
<input type="hidden" name="client_id" value="{{.ClientID}}">
<input type="hidden" name="resource" value="{{.Resource}}">
<p>May at {{.Resource}}:</p>
<ul>
{{range .Items}}<li><label><input type="checkbox" name="scope" value="{{.Scope}}" checked> {{.Text}}</label></li>
{{end}}</ul>
<p><button type="submit" name="action" value="save">Save</button>
<button type="submit" name="action" value="revoke">Remove all access</button></p>
</form>
{{else}}<p>No application has access.</p>{{end}}{{end}}`)
)

func newPage(body string) *template.Template {
	return template.Must(template.Must(template.New("page").Parse(pageTop)).Parse(body))
}

// page writes an HTML page.
func (s *Server) page(w http.ResponseWriter, status int, page *template.Template, content any) {
	var text bytes.Buffer
	if err := page.Execute(&text, content); err != nil {
		http.Error(w, "internal server error", http.StatusInternalServerError)
		return
	}
	send(w, status, text.Bytes())
}

// send writes an HTML page that no other page may embed.
func send(w http.ResponseWriter, status int, page []byte) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'")
	w.WriteHeader(status)
	w.Write(page)
}
