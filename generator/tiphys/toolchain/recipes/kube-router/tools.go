//go:build tools

// Package tools pins the command that the recipe builds.
package tools

import _ "github.com/cloudnativelabs/kube-router/v2/cmd/kube-router"
