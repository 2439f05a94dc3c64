// SPDX-License-Identifier: GPL-3.0-or-later
// Names of Go: a package's function, a method, a closure; and stacks that Go made.
package main

import (
	"os"
	"runtime"
	"syscall"
)

type till struct{ sold int }

//go:noinline
func (t *till) sell(n int) int {
	buffer := make([]byte, 1)
	os.Stdout.Write([]byte("ready\n"))
	got, _ := syscall.Read(0, buffer)
	t.sold += n + got
	return t.sold
}

//go:noinline
func visit(f func(int) int, n int) int {
	return f(n) + 1
}

//go:noinline
func openUp(n int) int {
	t := &till{}
	return visit(func(k int) int { return t.sell(k) + 1 }, n) + 1
}

func main() {
	runtime.LockOSThread()
	if len(os.Args) > 1 {
		done := make(chan int)
		go func() { runtime.LockOSThread(); done <- openUp(7) }()
		<-done
		return
	}
	os.Exit(openUp(7) & 1)
}
