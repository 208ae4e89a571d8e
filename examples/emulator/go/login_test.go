// A first integration test against the emulator: `go test` with xgpush-emulator on the PATH.
package login

import (
	"bufio"
	"encoding/json"
	"net/http"
	"os/exec"
	"strings"
	"testing"
)

// login is what the game does: it binds the device to the player.
func login(service, token, player string) (*http.Response, error) {
	body := `{"operator_type":2,"token_accounts":[{"token":"` + token + `","account_list":[{"account":"` + player + `"}]}]}`
	request, err := http.NewRequest("POST", service+"/v3/device/account/batchoperate", strings.NewReader(body))
	if err != nil {
		return nil, err
	}
	request.SetBasicAuth("1500001048", "1452fcebae9f3115ba794fb0fff2fd73")
	return http.DefaultClient.Do(request)
}

func TestLoginBindsTheDevice(t *testing.T) {
	emulator := exec.Command("xgpush-emulator", "--exit-with-parent")
	stdin, _ := emulator.StdinPipe() // it ends when this is closed, also when the test is killed
	stdout, _ := emulator.StdoutPipe()
	if err := emulator.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { stdin.Close(); emulator.Wait() }()
	line, _ := bufio.NewReader(stdout).ReadString('\n')
	url := strings.TrimSpace(strings.TrimPrefix(line, "listening on "))

	if answer, err := login(url, "token1", "alice"); err != nil || answer.StatusCode != 200 {
		t.Fatal(answer, err)
	}
	answer, err := http.Get(url + "/_emulator/bindings?token=token1")
	if err != nil {
		t.Fatal(err)
	}
	var found struct{ Tokens []struct{ Accounts [][]any } }
	if err := json.NewDecoder(answer.Body).Decode(&found); err != nil || len(found.Tokens) != 1 || found.Tokens[0].Accounts[0][0] != "alice" {
		t.Fatal(found, err)
	}
}
