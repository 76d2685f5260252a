// A calendar, kept in memory, whose routes are guarded as the documentation of express-oauth2-jwt-bearer has
// it: auth() for all of them, and requiredScopes() for each.
'use strict'
const { randomUUID } = require('node:crypto')
const express = require('express')
const { auth, requiredScopes } = require('express-oauth2-jwt-bearer')

const { ISSUER, AUTHORITY, AUDIENCE, PORT = '3000' } = process.env
const app = express()

app.get('/healthz', (_, res) => res.json({ status: 'ok' }))
app.use(auth({ issuer: ISSUER, jwksUri: AUTHORITY + '/jwks', audience: AUDIENCE, tokenSigningAlg: 'ES256' }))
app.use(express.json())

const read = requiredScopes('read:appointments')
const write = requiredScopes('write:appointments')
const both = requiredScopes('read:appointments write:appointments')

const calendars = new Map() // by owner, and then by id
const mine = (req) => {
  const owner = req.auth.payload.sub
  if (!calendars.has(owner)) calendars.set(owner, new Map())
  return calendars.get(owner)
}
// found calls act with the caller's own appointment.
const found = (act) => (req, res) => {
  const appointment = mine(req).get(req.params.id ?? req.body?.id)
  if (!appointment) return res.status(404).json({ error: 'not_found' })
  return act(appointment, req, res)
}
const show = (appointment, req, res) => res.json(appointment)

app.get('/appointments', read, (req, res) => res.json({ appointments: [...mine(req).values()] }))
app.post('/appointments', write, (req, res) => {
  const appointment = { id: randomUUID(), title: req.body?.title, start: req.body?.start, notes: [] }
  mine(req).set(appointment.id, appointment)
  res.status(201).json(appointment)
})
app.post('/appointments/move', both, found((appointment, req, res) => {
  appointment.start = req.body.to
  res.json(appointment)
}))
app.get('/appointments/:id', read, found(show))
app.put('/appointments/:id', write, found((appointment, req, res) => {
  appointment.title = req.body?.title
  appointment.start = req.body?.start
  res.json(appointment)
}))
app.patch('/appointments/:id', write, found((appointment, req, res) => {
  Object.assign(appointment, { title: req.body?.title ?? appointment.title })
  res.json(appointment)
}))
app.delete('/appointments/:id', write, found((appointment, req, res) => {
  mine(req).delete(appointment.id)
  res.status(204).end()
}))
app.get('/appointments/:id/notes', read, found((appointment, req, res) => res.json({ notes: appointment.notes })))
app.post('/appointments/:id/notes', write, found((appointment, req, res) => {
  appointment.notes.push(req.body?.text)
  res.status(201).json({ notes: appointment.notes })
}))
app.get('/summary', requiredScopes('calendar.read'), (req, res) => res.json({ appointments: mine(req).size }))

app.listen(Number(PORT), '0.0.0.0')
