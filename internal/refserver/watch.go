package refserver

import (
	"reflect"
	"runtime"
)

// Watched is a policy whose functions first tell called their name, such as
// "CodeScope" or "Device.Scope". Called is called from several goroutines at once.
func Watched(p Policy, called func(name string)) Policy {
	each(reflect.ValueOf(&p).Elem(), "", func(name string, field reflect.Value) {
		decide := reflect.ValueOf(field.Interface())
		field.Set(reflect.MakeFunc(field.Type(), func(args []reflect.Value) []reflect.Value {
			called(name)
			if field.Type().IsVariadic() {
				return decide.CallSlice(args)
			}
			return decide.Call(args)
		}))
	})
	return p
}

// Replaced are the names of the functions that apply puts in the place of others.
func Replaced(apply func(*Policy)) []string {
	p := Watched(Conformant(), func(string) {}) // so that no two of them are the same
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
