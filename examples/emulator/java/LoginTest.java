// A first integration test against the emulator, with JUnit 5 and xgpush-emulator on the PATH.
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse.BodyHandlers;
import java.util.Base64;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

class LoginTest {
  static Process emulator;
  static String url;

  @BeforeAll
  static void start() throws Exception {
    // It ends when its standard input is closed, also when the tests are killed.
    emulator = new ProcessBuilder("xgpush-emulator", "--exit-with-parent").start();
    url = emulator.inputReader().readLine().replace("listening on ", "");
  }

  @AfterAll
  static void stop() throws Exception {
    emulator.outputWriter().close();
    emulator.waitFor();
  }

  /** What the game does: it binds the device to the player. */
  static int login(String token, String player) throws Exception {
    var body = """
        {"operator_type":2,"token_accounts":[{"token":"%s","account_list":[{"account":"%s"}]}]}""".formatted(token, player);
    var basic = Base64.getEncoder().encodeToString("1500001048:1452fcebae9f3115ba794fb0fff2fd73".getBytes());
    var request = HttpRequest.newBuilder(URI.create(url + "/v3/device/account/batchoperate"))
        .header("Authorization", "Basic " + basic).POST(BodyPublishers.ofString(body)).build();
    return HttpClient.newHttpClient().send(request, BodyHandlers.ofString()).statusCode();
  }

  @Test
  void loginBindsTheDevice() throws Exception {
    assertEquals(200, login("token1", "alice"));
    var request = HttpRequest.newBuilder(URI.create(url + "/_emulator/bindings?token=token1")).build();
    var found = HttpClient.newHttpClient().send(request, BodyHandlers.ofString()).body();
    assertTrue(found.contains("[[\"alice\",0]]"), found);
  }
}
