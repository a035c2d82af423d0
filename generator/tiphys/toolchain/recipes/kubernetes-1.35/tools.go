//go:build tools

// Package tools pins the command that the recipe builds.
package tools

import (
	_ "k8s.io/kubernetes/cmd/kube-apiserver"
)
