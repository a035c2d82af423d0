// Command argo-cd is Argo CD's controller or its repository server, by the name it is called with.
// The project's own main also holds its web server, which does not compile without a built page.
package main

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	controller "github.com/argoproj/argo-cd/v3/cmd/argocd-application-controller/commands"
	repository "github.com/argoproj/argo-cd/v3/cmd/argocd-repo-server/commands"
	"github.com/argoproj/argo-cd/v3/common"
)

func main() {
	commands := map[string]func() *cobra.Command{
		"argocd-application-controller": controller.NewCommand,
		"argocd-repo-server":            repository.NewCommand,
	}
	name := filepath.Base(os.Args[0])
	if len(os.Args) == 2 && os.Args[1] == "version" {
		fmt.Println("argo-cd", common.GetVersion())
		return
	}
	made, known := commands[name]
	if !known {
		fmt.Fprintf(os.Stderr, "%s: call it argocd-application-controller or argocd-repo-server\n", name)
		os.Exit(2)
	}
	if made().Execute() != nil {
		os.Exit(1)
	}
}
