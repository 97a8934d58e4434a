// SPDX-License-Identifier: MIT

// ask CONFIG BINDIR IMAGE...: what the kubelet's own code would pull each image with, by the credential provider plugins of CONFIG.
// "sleep" waits between two images until an answer that was to be remembered for a second is forgotten; "again" waits for a line on standard
// input. A line for each image: its name, then each name:password in the order in which they would be tried. tests/kube/build compiles
// it inside the source of Kubernetes.
package main

import (
	"bufio"
	"fmt"
	"os"
	"time"

	"k8s.io/kubernetes/pkg/credentialprovider"
	"k8s.io/kubernetes/pkg/credentialprovider/plugin"
)

func main() {
	if err := plugin.RegisterCredentialProviderPlugins(os.Args[1], os.Args[2]); err != nil {
		fmt.Println("refused:", err)
		os.Exit(1)
	}
	lines := bufio.NewReader(os.Stdin)
	for _, image := range os.Args[3:] {
		switch image {
		case "sleep":
			time.Sleep(1500 * time.Millisecond)
			continue
		case "again":
			_, _ = lines.ReadString('\n')
			continue
		}
		found, _ := credentialprovider.NewDockerKeyring().Lookup(image)
		fmt.Print(image)
		for _, c := range found {
			fmt.Printf(" %s:%s", c.Username, c.Password)
		}
		fmt.Println()
	}
}
