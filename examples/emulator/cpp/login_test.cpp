// A first integration test against the emulator, whose address CTest hands over.
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <string>
#include <xgpush.hpp>

static std::string url() {
  std::string port;
  std::ifstream(std::getenv("XG_EMULATOR_PORT_FILE")) >> port;
  return "http://127.0.0.1:" + port;
}

TEST(Login, BindsTheDevice) {
  xgpush::client client(xgpush::config()
                            .set("base_url", url())
                            .set("access_id", "1500001048")
                            .set("secret_key", "1452fcebae9f3115ba794fb0fff2fd73"));
  EXPECT_TRUE(client.batch_operate(xgpush::request(XG_BIND).add("token1", "alice")).all_accepted());
  const std::string state(client.call("/_emulator/state", "{}").body());
  EXPECT_NE(state.find(R"("token1":[["alice",0]])"), std::string::npos) << state;
}
