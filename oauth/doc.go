// Package oauth is the vocabulary of the project: the nouns of RFC 6749 and
// its companions, as values. It sends nothing and decides nothing.
//
// Past the parser a scope is a [ScopeSet], never a string: RFC 6749 section
// 3.3 makes it a set of case-sensitive tokens in which order means nothing.
// What a client sends, lawful or not, is a [RawScope].
package oauth
