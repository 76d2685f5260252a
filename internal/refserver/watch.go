package refserver

import (
	"context"
	"io"
	"net/http"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"
)

// Decision is one call of a function of a policy.
type Decision struct {
	// Name is the function's, such as "CodeScope" or "Device.Scope".
	Name          string
	asked, answer []reflect.Value
}

// Watched is a policy whose functions hand what they decided to taken, which is
// called from several goroutines at once.
func Watched(p Policy, taken func(Decision)) Policy {
	each(reflect.ValueOf(&p).Elem(), "", func(name string, field reflect.Value) {
		decide := reflect.ValueOf(field.Interface())
		field.Set(reflect.MakeFunc(field.Type(), func(asked []reflect.Value) []reflect.Value {
			answer := call(decide, asked)
			taken(Decision{name, asked, answer})
			return answer
		}))
	})
	return p
}

func call(decide reflect.Value, asked []reflect.Value) []reflect.Value {
	if decide.Type().IsVariadic() {
		return decide.CallSlice(asked)
	}
	return decide.Call(asked)
}

// Shared reports whether p decides the same. It asks p for it, with a copy of what
// was asked: p sees a request without its body. If it reads that, or calls a function
// that it is given, which may do something, nobody can tell, and it is not the same.
func (d Decision) Shared(p *Policy) bool {
	c := copier{}
	asked := make([]reflect.Value, len(d.asked))
	for i, value := range d.asked {
		asked[i] = c.copied(value)
	}
	if c.touched.Load() {
		return false
	}
	field := reflect.ValueOf(p).Elem()
	for name := range strings.SplitSeq(d.Name, ".") {
		field = field.FieldByName(name)
	}
	return slices.EqualFunc(call(field, asked), d.answer, func(a, b reflect.Value) bool {
		return reflect.DeepEqual(a.Interface(), b.Interface())
	}) && !c.touched.Load()
}

// copier makes copies that share nothing that can be changed. Touched is set where
// that cannot be done, and where more than a copy is made use of.
type copier struct{ touched atomic.Bool }

// Read implements [io.Reader], in place of a body.
func (c *copier) Read([]byte) (int, error) { c.touched.Store(true); return 0, io.EOF }

func (c *copier) copied(v reflect.Value) reflect.Value {
	own := reflect.New(v.Type()).Elem()
	own.Set(v)
	switch v.Kind() {
	case reflect.Func:
		if !v.IsNil() {
			own.Set(reflect.MakeFunc(v.Type(), func([]reflect.Value) []reflect.Value {
				c.touched.Store(true)
				nothing := make([]reflect.Value, v.Type().NumOut())
				for i := range nothing {
					nothing[i] = reflect.Zero(v.Type().Out(i))
				}
				return nothing
			}))
		}
	case reflect.Pointer:
		if r, ok := v.Interface().(*http.Request); ok && r != nil {
			clone := r.Clone(context.WithoutCancel(r.Context()))
			clone.Body = io.NopCloser(c)
			own.Set(reflect.ValueOf(clone))
		} else if err, ok := v.Interface().(error); !ok || err == nil { // nobody changes an error
			c.touched.Store(c.touched.Load() || !v.IsNil())
		}
	case reflect.Interface:
		if !v.IsNil() {
			own.Set(c.copied(v.Elem()))
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() { // of the others nobody else can change anything
				own.Field(i).Set(c.copied(v.Field(i)))
			}
		}
	case reflect.Slice:
		if v.IsNil() {
			return own
		}
		own.Set(reflect.MakeSlice(v.Type(), v.Len(), v.Len()))
		for i := range v.Len() {
			own.Index(i).Set(c.copied(v.Index(i)))
		}
	case reflect.Map:
		if v.IsNil() {
			return own
		}
		own.Set(reflect.MakeMapWithSize(v.Type(), v.Len()))
		for entries := v.MapRange(); entries.Next(); {
			own.SetMapIndex(entries.Key(), c.copied(entries.Value()))
		}
	case reflect.Chan, reflect.UnsafePointer:
		c.touched.Store(true)
	}
	return own
}

// Replaced are the names of the functions that apply puts in the place of others.
func Replaced(apply func(*Policy)) []string {
	p := Watched(Conformant(), func(Decision) {}) // so that no two of them are the same
	before := map[string]uint64{}
	each(reflect.ValueOf(&p).Elem(), "", func(name string, field reflect.Value) { before[name] = identity(field) })
	kept := p // what is replaced is not collected, and its place not used again
	apply(&p)
	var names []string
	each(reflect.ValueOf(&p).Elem(), "", func(name string, field reflect.Value) {
		if identity(field) != before[name] {
			names = append(names, name)
		}
	})
	runtime.KeepAlive(kept)
	return names
}

// identity is the word that a function value is, which tells it from every other:
// the entry point of its code, which reflection gives, does not.
func identity(function reflect.Value) uint64 {
	return reflect.NewAt(reflect.TypeFor[uintptr](), function.Addr().UnsafePointer()).Elem().Uint()
}

// each calls visit for each function of a policy.
func each(policy reflect.Value, within string, visit func(name string, field reflect.Value)) {
	for i := range policy.NumField() {
		name, field := within+policy.Type().Field(i).Name, policy.Field(i)
		if field.Kind() == reflect.Struct {
			each(field, name+".", visit)
			continue
		}
		visit(name, field)
	}
}
