// Command install judges what deploy holds, without a cluster: the chart by Helm 3 and 4, every manifest by kubeconform with
// the schemas of the API server, pods and network by the rules of Kubernetes, and the health of objects by Lua, kstatus and CEL, as
// Argo CD and Flux do. With the argument "write" it writes the files that are made from others instead.
package main

import (
	"fmt"
	"os"
	"path/filepath"
)

func main() {
	if len(os.Args) != 4 || (os.Args[1] != "check" && os.Args[1] != "write") {
		fmt.Fprintln(os.Stderr, "install check|write ROOT SWAGGER")
		os.Exit(2)
	}
	tree := tree(os.Args[2])
	if os.Args[1] == "write" {
		if err := tree.write(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	report := &report{}
	checkGenerated(report, tree)
	checkCharts(report, tree)
	streams, err := tree.streams()
	report.check(err, "all that somebody applies")
	checkSchemas(report, tree, streams, os.Args[3])
	checkPods(report, streams)
	checkNetwork(report, tree)
	checkSizes(report, tree)
	checkHealth(report, tree)
	checkGitOps(report, tree)
	fmt.Printf("%d passed, %d failed\n", report.passed, report.failed)
	if report.failed > 0 {
		os.Exit(1)
	}
}

// report counts the checks, and prints those that fail.
type report struct{ passed, failed int }

func (r *report) check(err error, format string, values ...any) {
	if err == nil {
		r.passed++
		return
	}
	r.failed++
	fmt.Printf("FAILED %s\n    %v\n", fmt.Sprintf(format, values...), err)
}

// tree is a checkout of this repository.
type tree string

func (t tree) path(name string) string { return filepath.Join(string(t), name) }

func (t tree) read(name string) (string, error) {
	content, err := os.ReadFile(t.path(name))
	return string(content), err
}

// names lists the files that match a pattern, relative to the root.
func (t tree) names(pattern string) []string {
	found, err := filepath.Glob(t.path(pattern))
	if err != nil {
		panic(err) // The patterns are constants.
	}
	for i, name := range found {
		found[i], _ = filepath.Rel(string(t), name)
	}
	return found
}
