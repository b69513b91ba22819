// Command controlplane is a Kubernetes control plane in one binary: the real etcd,
// kube-apiserver, kube-controller-manager and kubectl, linked from their Go modules. Which one
// runs is chosen by the name the binary is called by (a symlink) or by the first argument.
package main

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"
	"k8s.io/component-base/cli"
	"k8s.io/kubectl/pkg/cmd"
	apiserver "k8s.io/kubernetes/cmd/kube-apiserver/app"
	controllermanager "k8s.io/kubernetes/cmd/kube-controller-manager/app"
)

// programs maps every name a program answers to. The commands are built only when called:
// building one registers flags and feature gates for the whole process.
var programs = map[string]func() int{
	"etcd":                    runEtcd,
	"apiserver":               cobraProgram(apiserver.NewAPIServerCommand),
	"kube-apiserver":          cobraProgram(apiserver.NewAPIServerCommand),
	"controller-manager":      cobraProgram(controllermanager.NewControllerManagerCommand),
	"kube-controller-manager": cobraProgram(controllermanager.NewControllerManagerCommand),
	"kubectl":                 cobraProgram(cmd.NewDefaultKubectlCommand),
}

func cobraProgram(command func() *cobra.Command) func() int {
	return func() int { return cli.Run(command()) }
}

func main() {
	// What follows the name are the program's own arguments, as if it had been called directly.
	if run, ok := programs[filepath.Base(os.Args[0])]; ok {
		os.Exit(run())
	}
	if len(os.Args) > 1 {
		if run, ok := programs[os.Args[1]]; ok {
			os.Args = os.Args[1:]
			os.Exit(run())
		}
	}
	fmt.Fprintln(os.Stderr, "usage: controlplane etcd|apiserver|controller-manager|kubectl [arguments]")
	os.Exit(2)
}
