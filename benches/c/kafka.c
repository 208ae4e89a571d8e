/* kafka burst|flat: the cost of rd_kafka_produce with no broker. */
#define _POSIX_C_SOURCE 200809L
#include "submit.h"
#include <librdkafka/rdkafka.h>
#include <unistd.h>

static rd_kafka_topic_t *topic;

static int submit(const char *phone, const char *player, int n) {
  (void)n;
  char payload[46];
  memcpy(payload, phone, 36);
  memcpy(payload + 36, player, 10);
  return rd_kafka_produce(topic, RD_KAFKA_PARTITION_UA, RD_KAFKA_MSG_F_COPY, payload,
                          sizeof payload, NULL, 0, NULL);
}

int main(int argc, char **argv) {
  if (argc < 2) return 2;
  char error[256];
  rd_kafka_conf_t *conf = rd_kafka_conf_new();
  rd_kafka_conf_set(conf, "bootstrap.servers", "127.0.0.1:9", error, sizeof error);
  rd_kafka_conf_set(conf, "log_level", "0", error, sizeof error);
  rd_kafka_t *producer = rd_kafka_new(RD_KAFKA_PRODUCER, conf, error, sizeof error);
  if (!producer) return 3;
  topic = rd_kafka_topic_new(producer, "bindings", NULL);
  int bad = measure(strcmp(argv[1], "flat") == 0, submit);
  fflush(stdout);
  /* No broker takes them: destroying the producer would wait forever. */
  _exit(bad);
}
