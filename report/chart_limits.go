package report

// level draws a limit across the plot, at a value of y. Its text has its place once
// all are drawn: [chart.tell].
func (c *chart) level(y axis, at float64, text string, held bool) {
	v := c.up(y, at)
	c.Limits = append(c.Limits, chartLimit{X1: float64(c.Left), Y1: v, X2: float64(c.Right), Y2: v, Text: text, Class: heldClass(held)})
}

const (
	// glyph is about how wide a character is, letter how high, and letterGap how far
	// a text is from its line.
	glyph, letter, letterGap = 6.3, 10, 4
	// apart is how far texts are from each other, side by side.
	apart = 6
	// farther is what a text costs that is a row away from its line.
	farther = 15
)

// tell puts the texts of limits where least is in the way: above or below their line,
// at an end, in the middle or beside it, and a row away where others are there.
func (c *chart) tell() {
	var taken []box
	for i := range c.Limits {
		l := &c.Limits[i]
		width := glyph * float64(len([]rune(l.Text)))
		best := -1
		var where box
		for _, s := range l.spots(width) {
			b := box{s.left, s.baseline - letter, s.left + width, s.baseline + 2}
			if n := s.cost + c.crossed(b, i, taken); best < 0 || n < best {
				best, where = n, b
				l.TextX, l.TextY, l.Anchor = s.at, s.baseline, s.anchor
			}
		}
		taken = append(taken, where)
	}
}

// spot is where the text of a limit may be: where it is anchored, and where it begins.
type spot struct {
	anchor             string
	at, baseline, left float64
	cost               int
}

// spots are those for a text of that width, the best first.
func (l *chartLimit) spots(width float64) []spot {
	middle := (l.X1 + l.X2) / 2
	var list []spot
	for row := range 3 {
		away := float64(row) * (letter + letterGap)
		for _, baseline := range []float64{l.Y1 - letterGap - away, l.Y1 + letterGap + letter + away} {
			list = append(list,
				spot{"start", l.X1 + 4, baseline, l.X1 + 4, row * farther},
				spot{"end", l.X2 - 4, baseline, l.X2 - 4 - width, row * farther},
				spot{"middle", middle, baseline, middle - width/2, row * farther})
		}
		if row == 0 && l.X2-l.X1 < width { // it is no line across the plot
			beside := l.Y1 + letter/2 - 1
			list = append(list,
				spot{"start", l.X2 + apart, beside, l.X2 + apart, 1},
				spot{"end", l.X1 - apart, beside, l.X1 - apart - width, 1})
		}
	}
	return list
}

// box is a part of a chart.
type box struct{ left, top, right, bottom float64 }

// crossed counts what is in the way of a text in a box: lines, the limits but its
// own, and texts.
func (c *chart) crossed(b box, own int, taken []box) int {
	n := 0
	if b.top < float64(c.Top)-2 || b.bottom > float64(c.Bottom) || b.left < float64(c.Left) || b.right > float64(c.Width) {
		n += 1000 // it would lie on the title or the axis
	}
	for _, part := range c.drawn {
		from, to := max(part[0][0], b.left), min(part[1][0], b.right)
		if from > to {
			continue
		}
		rise := (part[1][1] - part[0][1]) / max(part[1][0]-part[0][0], 1e-9)
		y1, y2 := part[0][1]+rise*(from-part[0][0]), part[0][1]+rise*(to-part[0][0])
		if max(y1, y2) >= b.top && min(y1, y2) <= b.bottom {
			n++
		}
	}
	for i, l := range c.Limits {
		if i != own && l.X1 < b.right && b.left < l.X2 && l.Y1 >= b.top && l.Y1 <= b.bottom {
			n += 10
		}
	}
	for _, t := range taken {
		if t.left < b.right+apart && b.left < t.right+apart && t.top < b.bottom && b.top < t.bottom {
			n += 100
		}
	}
	return n
}
