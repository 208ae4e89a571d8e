// The official Java SDK, as it comes from Maven Central, against the emulator: every call
// that it has, with Basic and with signatures. Its answers are read with its own classes,
// of which none takes a text for a number.
//
//     java -cp 'JARS/*' OfficialSdk.java URL FOLDER

import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.MapperFeature;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.tencent.xinge.XingeApp;
import com.tencent.xinge.XingeAppSimple;
import com.tencent.xinge.bean.AudienceType;
import com.tencent.xinge.bean.ClickAction;
import com.tencent.xinge.bean.Environment;
import com.tencent.xinge.bean.Message;
import com.tencent.xinge.bean.MessageAndroid;
import com.tencent.xinge.bean.MessageType;
import com.tencent.xinge.bean.OpType;
import com.tencent.xinge.bean.TagItem;
import com.tencent.xinge.bean.TagRule;
import com.tencent.xinge.bean.TagTokenPair;
import com.tencent.xinge.device.account.AccountBindOperatorType;
import com.tencent.xinge.device.account.AccountBindRequest;
import com.tencent.xinge.device.account.AccountBindResponse;
import com.tencent.xinge.device.account.AccountQueryOperatorType;
import com.tencent.xinge.device.account.AccountQueryRequest;
import com.tencent.xinge.device.account.AccountQueryResponse;
import com.tencent.xinge.device.account.AccountTypePair;
import com.tencent.xinge.device.account.TokenAccountsPair;
import com.tencent.xinge.device.tag.DeviceTagRequest;
import com.tencent.xinge.device.tag.DeviceTagResponse;
import com.tencent.xinge.device.tag.TagBindOperatorType;
import com.tencent.xinge.push.app.PushAppRequest;
import com.tencent.xinge.push.app.PushAppResponse;
import com.tencent.xinge.push.app.UploadPushFileResponse;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.Callable;
import org.json.JSONObject;

public class OfficialSdk {
  private static final String ID = "1500001048";
  private static final String KEY = "1452fcebae9f3115ba794fb0fff2fd73";

  // Its fields, with their types. What a push answers for Android is an empty environment,
  // and the service adds members to replies, which no client can refuse.
  private static final ObjectMapper STRICT =
      new ObjectMapper()
          .disable(MapperFeature.ALLOW_COERCION_OF_SCALARS)
          .enable(DeserializationFeature.FAIL_ON_NULL_FOR_PRIMITIVES)
          .disable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES)
          .enable(DeserializationFeature.ACCEPT_EMPTY_STRING_AS_NULL_OBJECT);

  private static int passed;
  private static int failed;

  private final String mode;
  private final XingeApp app;
  private final XingeAppSimple simple;
  private final Path folder;

  private OfficialSdk(String url, boolean sign, Path folder) {
    mode = sign ? "sign" : "basic";
    app = builder(url, KEY).useSignAuth(sign).build();
    simple = new XingeAppSimple(ID, KEY, url, null, sign);
    this.folder = folder;
  }

  private static XingeApp.Builder builder(String url, String key) {
    return new XingeApp.Builder()
        .appId(ID)
        .secretKey(key)
        .domainUrl(url)
        .connectTimeOut(10)
        .readTimeOut(10);
  }

  public static void main(String[] arguments) throws Exception {
    for (boolean sign : new boolean[] {false, true}) {
      OfficialSdk sdk = new OfficialSdk(arguments[0], sign, Path.of(arguments[1]));
      sdk.check("accounts", sdk::accounts);
      sdk.check("queries", sdk::queries);
      sdk.check("tags", sdk::tags);
      sdk.check("pushes", sdk::pushes);
      sdk.check("pushes to tags", sdk::pushesToTags);
      sdk.check("upload", sdk::upload);
      XingeApp stranger = builder(arguments[0], "another").useSignAuth(sign).build();
      sdk.check("a wrong key", () -> sdk.wrongKey(stranger));
    }
    System.out.println("The official Java SDK: " + passed + " passed, " + failed + " failed");
    System.exit(failed == 0 ? 0 : 1);
  }

  private void check(String name, Callable<Void> what) {
    try {
      what.call();
      passed++;
    } catch (Exception | AssertionError error) {
      failed++;
      System.out.println(mode + ", " + name + ": " + error);
      error.printStackTrace();
    }
  }

  private static void equal(Object found, Object wanted) {
    if (!Objects.equals(found, wanted)) {
      throw new AssertionError("found " + found + ", wanted " + wanted);
    }
  }

  @SafeVarargs
  private static <T> ArrayList<T> list(T... items) {
    return new ArrayList<>(Arrays.asList(items));
  }

  private static AccountBindResponse bound(JSONObject answer) throws IOException {
    return STRICT.readValue(answer.toString(), AccountBindResponse.class);
  }

  private static AccountQueryResponse found(JSONObject answer) throws IOException {
    return STRICT.readValue(answer.toString(), AccountQueryResponse.class);
  }

  private static void isTagged(JSONObject answer) throws IOException {
    DeviceTagResponse reply = STRICT.readValue(answer.toString(), DeviceTagResponse.class);
    equal(reply.getRet_code(), 0);
    equal(answer.getInt("seq"), 0);
  }

  private static AccountTypePair account(String name, int type) {
    AccountTypePair account = new AccountTypePair();
    account.setAccount(name);
    account.setAccountType(type);
    return account;
  }

  private static TokenAccountsPair pair(String token, AccountTypePair... accounts) {
    TokenAccountsPair pair = new TokenAccountsPair();
    pair.setToken(token);
    pair.setAccountList(list(accounts));
    return pair;
  }

  private JSONObject bind(AccountBindOperatorType operator, TokenAccountsPair... pairs) {
    AccountBindRequest request = new AccountBindRequest();
    request.setOperatorType(operator);
    request.setTokenAccounts(list(pairs));
    return app.accountBind(request);
  }

  private Void accounts() throws IOException {
    equal(bound(simple.AccountCoverBind("alice", "t1")).getResult(), list("0"));
    equal(bound(simple.AccountAppendBind("alice", "t1")).getRetCode(), 0);
    equal(bound(simple.AccountUnbind("alice", "t1")).getErrMsg(), "NO_ERROR");
    AccountBindResponse two =
        bound(
            bind(
                AccountBindOperatorType.BatchCoverAccount,
                pair("t1", account("alice", 0), account("phone", 1002)),
                pair("bad-1", account("bob", 0))));
    equal(two.getRetCode(), 1008026);
    equal(two.getResult(), list("0", "1008006"));
    AccountBindRequest clear = new AccountBindRequest();
    clear.setOperatorType(AccountBindOperatorType.AllDeleteAccountFromToken);
    clear.setTokenList(list("t1", "t2"));
    equal(bound(app.accountBind(clear)).getResult(), list("0", "0"));
    clear.setOperatorType(AccountBindOperatorType.AllDeleteTokenFromAccount);
    clear.setAccountList(list(account("alice", 0)));
    equal(bound(app.accountBind(clear)).getResult(), list("0"));
    return null;
  }

  private Void queries() throws IOException {
    bind(AccountBindOperatorType.BatchCoverAccount, pair("t1", account("alice", 0)));
    bind(AccountBindOperatorType.BatchCoverAccount, pair("t2", account("alice", 0)));
    AccountQueryResponse tokens = found(simple.TokenQueryByAccount("alice", 0));
    equal(tokens.getRetCode(), 0);
    equal(tokens.getErrMsg(), "NO_ERROR");
    equal(tokens.getAccount2Tokens().get(0).getAccount(), "alice");
    equal(tokens.getAccount2Tokens().get(0).getAccountType(), 0);
    equal(tokens.getAccount2Tokens().get(0).getTokens(), list("t1", "t2"));
    AccountQueryResponse accounts = found(simple.AccountQueryByToken("t1"));
    equal(accounts.getTokenAccounts().get(0).getToken(), "t1");
    equal(accounts.getTokenAccounts().get(0).getAccountList().get(0).getAccount(), "alice");
    AccountQueryRequest both = new AccountQueryRequest();
    both.setOperatorType(AccountQueryOperatorType.QueryAccountByToken);
    both.setTokenList(list("t1", "nobody"));
    equal(found(app.accountQuery(both)).getResult(), list("0", "10110008"));
    return null;
  }

  private Void tags() throws IOException {
    isTagged(simple.TagAppendBind("vip", "t1"));
    isTagged(simple.TagUnbind("vip", "t1"));
    isTagged(simple.TagConverBind("level:3", "t1"));
    for (TagBindOperatorType operator : TagBindOperatorType.values()) {
      DeviceTagRequest request = new DeviceTagRequest();
      request.setOperatorType(operator);
      request.setTagList(list("vip"));
      request.setTokenList(list("t1"));
      request.setTagTokenList(list(new TagTokenPair("vip", "t2")));
      isTagged(app.tagBind(request));
    }
    isTagged(simple.TagAppendBind("vip", "t1"));
    return null;
  }

  /** Beyond one a second the service says so, and asks to wait. */
  private static JSONObject taken(Callable<JSONObject> push) throws Exception {
    for (int attempt = 0; ; attempt++) {
      JSONObject answer = push.call();
      if (answer.getInt("ret_code") != 1008028 || attempt == 50) {
        return answer;
      }
      Thread.sleep(100);
    }
  }

  private static PushAppResponse pushed(JSONObject answer, Environment environment)
      throws IOException {
    PushAppResponse reply = STRICT.readValue(answer.toString(), PushAppResponse.class);
    equal(reply.getRet_code(), 0);
    equal(reply.getErr_msg(), "NO_ERROR");
    equal(reply.getEnvironment(), environment);
    equal(reply.getSeq(), 0);
    equal(Long.parseLong(reply.getPush_id()) > 0, true);
    equal(reply.getResult().isEmpty(), false);
    return reply;
  }

  private Void pushes() throws Exception {
    String text = "It starts now, by " + mode;
    ArrayList<String> accounts = list("alice", "bob");
    ArrayList<String> tokens = list("t1", "t2");
    pushed(simple.pushTokenAndroid("Raid", text, "t1"), null);
    pushed(simple.pushTokenListAndroid("Raid", text, tokens), null);
    pushed(simple.pushAccountAndroid("Raid", text, "alice"), null);
    pushed(simple.pushAccountListAndroid("Raid", text, accounts), null);
    pushed(simple.pushTokenIos("Raid", text, "t1", "dev"), Environment.dev);
    pushed(simple.pushTokenListIos("Raid", text, tokens, "product"), Environment.product);
    pushed(simple.pushAccountIos("Raid", text, "alice", "dev"), Environment.dev);
    pushed(simple.pushAccountListIos("Raid", text, accounts, "dev"), Environment.dev);
    pushed(taken(() -> simple.pushAllAndroid("Raid", text)), null);
    pushed(taken(() -> simple.pushAllIos("Raid", text, "dev")), Environment.dev);
    equal(simple.pushAccountAndroid("Raid", text, "nobody").getInt("ret_code"), 10010005);
    JSONObject repeated = taken(() -> simple.pushAllAndroid("Raid", text));
    equal(repeated.getInt("ret_code"), 10010018);
    equal(repeated.getString("err_msg").isEmpty(), false);
    return null;
  }

  private static PushAppRequest notification(AudienceType audience) {
    MessageAndroid android = new MessageAndroid();
    android.setAction(new ClickAction());
    Message message = new Message();
    message.setTitle("Raid");
    message.setContent("It starts now");
    message.setAndroid(android);
    PushAppRequest request = new PushAppRequest();
    request.setAudience_type(audience);
    request.setMessage_type(MessageType.notify);
    request.setMessage(message);
    return request;
  }

  private Void pushesToTags() throws Exception {
    pushed(taken(() -> simple.pushTagAndroid("Raid", "It starts now", "vip")), null);
    pushed(taken(() -> simple.pushTagIos("Raid", "It starts now", "vip", "dev")), Environment.dev);
    TagItem item = new TagItem();
    item.setTags(list("vip", "level:3"));
    item.setTagsOperator(OpType.OR);
    item.setItemsOperator(OpType.AND);
    item.setTagType("xg_user_define");
    TagRule rule = new TagRule();
    rule.setTagItems(list(item));
    rule.setOperator(OpType.AND);
    PushAppRequest request = notification(AudienceType.tag);
    request.setTagRules(list(rule));
    pushed(taken(() -> app.pushApp(request)), null);
    return null;
  }

  /** The SDK uploads with Basic, also where it signs everything else. */
  private Void upload() throws Exception {
    Path file = folder.resolve("accounts.txt");
    Files.write(file, List.of("alice", "nobody"));
    UploadPushFileResponse uploaded = app.Upload(file.toString());
    equal(uploaded.getRetCode(), 0);
    equal(uploaded.getErrMsg(), "");
    PushAppRequest request = notification(AudienceType.package_account_push);
    request.setUploadId(uploaded.getUploadId());
    pushed(taken(() -> app.pushApp(request)), null);
    Files.write(file, new byte[0]);
    equal(app.Upload(file.toString()).getRetCode(), 1008012);
    return null;
  }

  private Void wrongKey(XingeApp stranger) {
    AccountQueryRequest query = new AccountQueryRequest();
    query.setOperatorType(AccountQueryOperatorType.QueryAccountByToken);
    query.setTokenList(list("t1"));
    JSONObject answer = stranger.accountQuery(query);
    equal(answer.getInt("ret_code"), 10101);
    equal(answer.getString("err_msg").endsWith("HttpStatus Code:403"), true);
    return null;
  }
}
