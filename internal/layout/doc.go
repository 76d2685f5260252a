// Package layout is a test that holds the rules of the house: which package may
// import which, to which package a library is kept, and how long files and
// functions may be. CONTRIBUTING.md shows the house.
package layout
