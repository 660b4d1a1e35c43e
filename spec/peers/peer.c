// A sender, receiver and requester of one `single` subject with the C client of NATS (libnats), by string concatenation.
//
//   peer send    URL SUBJECT   publishes a number for each line of its input, answers requests, ends at end of input
//   peer receive URL SUBJECT   prints each message, and requests what is missing; ends when the sender has ended
//   peer request URL SUBJECT.NUMBER   prints the answer to one replay request
#include <nats/nats.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX 100000
static const char *epoch = "@0cclient00";
static natsConnection *nc;
static char subject[256], inbox[300];
static char *payloads[MAX];
static long newest, next = -1, end = -1;
static int requested[MAX];

static void check(natsStatus s) {
  if (s == NATS_OK) return;
  fprintf(stderr, "%s\n", natsStatus_GetText(s));
  exit(1);
}

static long number_of(const char *s) {
  const char *dot = strrchr(s, '.');
  return dot == NULL ? 0 : atol(dot + 1);
}

// --- the sender

static void head(char *to, size_t size, const char *state) {
  snprintf(to, size,
           "{\"v\":1,\"epoch\":\"%s\",\"start\":1,\"first\":1,\"head\":%ld,\"age\":0,\"after\":50,\"max\":5000,"
           "\"state\":\"%s\"}", epoch, newest, state);
}

static void beat(const char *state) {
  char to[400], body[400];
  snprintf(to, sizeof to, "_SEQ.HB.%s.%ld", subject, newest);
  head(body, sizeof body, state);
  check(natsConnection_PublishString(nc, to, body));
}

static void answer(const char *reply, long n, const char *body) {
  char address[300];
  natsMsg *msg = NULL;
  snprintf(address, sizeof address, "%s.%ld", subject, n);
  check(natsMsg_Create(&msg, reply, NULL, body, (int)strlen(body)));
  check(natsMsgHeader_Add(msg, "Nats-Subject", address));
  check(natsMsgHeader_Add(msg, "Seq-Epoch", epoch));
  check(natsConnection_PublishMsg(nc, msg));
  natsMsg_Destroy(msg);
}

static int is_inbox(const char *reply) { return reply != NULL && strncmp(reply, "_INBOX.", 7) == 0; }

static void on_head_request(natsConnection *c, natsSubscription *sub, natsMsg *msg, void *closure) {
  char body[400];
  head(body, sizeof body, "live");
  if (is_inbox(natsMsg_GetReply(msg))) answer(natsMsg_GetReply(msg), newest, body);
  natsMsg_Destroy(msg);
}

// Answers one message. A receiver repeats its request for the rest of a range.
static void on_replay_request(natsConnection *c, natsSubscription *sub, natsMsg *msg, void *closure) {
  long n = number_of(natsMsg_GetSubject(msg));
  if (is_inbox(natsMsg_GetReply(msg)) && n >= 1 && n <= newest) answer(natsMsg_GetReply(msg), n, payloads[n]);
  natsMsg_Destroy(msg);
}

static void send_all(void) {
  char to[300], line[1000];
  natsSubscription *sub = NULL;
  snprintf(to, sizeof to, "_SEQ.HEAD.%s", subject);
  check(natsConnection_Subscribe(&sub, nc, to, on_head_request, NULL));
  snprintf(to, sizeof to, "_SEQ.REPLAY.%s.*", subject);
  check(natsConnection_Subscribe(&sub, nc, to, on_replay_request, NULL));
  beat("live");
  check(natsConnection_FlushTimeout(nc, 10000));
  puts("ready");
  fflush(stdout);
  while (fgets(line, sizeof line, stdin) != NULL && newest + 1 < MAX) {
    line[strcspn(line, "\n")] = 0;
    payloads[newest + 1] = strdup(line);
    newest += 1;
    snprintf(to, sizeof to, "%s.%ld", subject, newest);
    check(natsConnection_PublishString(nc, to, line));
    beat("live");
    check(natsConnection_Flush(nc));
  }
  beat("ended");
  check(natsConnection_FlushTimeout(nc, 10000));
}

// --- the receiver

static void request(long n) {
  char to[400], reply[400];
  snprintf(to, sizeof to, "_SEQ.REPLAY.%s.%ld", subject, n);
  snprintf(reply, sizeof reply, "%s.%ld", inbox, n);
  check(natsConnection_PublishRequestString(nc, to, reply, ""));
}

static void settle(void) {
  if (next < 0) return;
  for (; next <= newest && payloads[next] != NULL; next++) printf("%ld %s\n", next, payloads[next]);
  for (long n = next; n <= newest; n++)
    if (payloads[n] == NULL && requested[n]++ % 20 == 0) request(n);
  fflush(stdout);
}

static void take(long n, natsMsg *msg) {
  if (n < 1 || n >= MAX || n < next || payloads[n] != NULL) return;
  payloads[n] = strndup(natsMsg_GetData(msg), natsMsg_GetDataLength(msg));
  if (n > newest) newest = n;
}

static void on_head(const char *body) {
  const char *field = strstr(body, "\"head\":");
  if (strstr(body, "\"v\":1,") == NULL || field == NULL) return;
  long n = atol(field + strlen("\"head\":"));
  if (next < 0)
    for (next = 1; next <= n && payloads[next] == NULL; next++) continue;
  if (n > newest) newest = n;
  if (strstr(body, "\"ended\"") != NULL) end = n;
}

static void receive_all(void) {
  char to[300], reply[400];
  const char *address = NULL;
  natsSubscription *sub = NULL;
  natsMsg *msg = NULL;
  snprintf(inbox, sizeof inbox, "_INBOX.c.%s", subject);
  // One subscription keeps the order of data, heartbeats and answers.
  check(natsConnection_SubscribeSync(&sub, nc, ">"));
  snprintf(to, sizeof to, "_SEQ.HEAD.%s", subject);
  snprintf(reply, sizeof reply, "%s.head", inbox);
  check(natsConnection_PublishRequestString(nc, to, reply, ""));
  while (end < 0 || next <= end) {
    check(natsSubscription_NextMsg(&msg, sub, 60000));
    const char *at = natsMsg_GetSubject(msg);
    char *body = strndup(natsMsg_GetData(msg), natsMsg_GetDataLength(msg));
    if (strcmp(at, reply) == 0) on_head(body);
    else if (strncmp(at, inbox, strlen(inbox)) == 0) {
      if (natsMsgHeader_Get(msg, "Nats-Subject", &address) == NATS_OK) take(number_of(address), msg);
    } else if (strncmp(at, "_SEQ.HB.", 8) == 0) { if (next >= 0) on_head(body); }
    else if (strncmp(at, subject, strlen(subject)) == 0) take(number_of(at), msg);
    free(body);
    natsMsg_Destroy(msg);
    settle();
  }
  printf("ended %ld\n", end);
}

static void request_one(const char *address) {
  char to[400];
  natsMsg *msg = NULL;
  const char *about = "";
  snprintf(to, sizeof to, "_SEQ.REPLAY.%s", address);
  check(natsConnection_RequestString(&msg, nc, to, "", 30000));
  natsMsgHeader_Get(msg, "Nats-Subject", &about);
  printf("%s %.*s\n", about, natsMsg_GetDataLength(msg), natsMsg_GetData(msg));
  natsMsg_Destroy(msg);
}

int main(int count, char **args) {
  if (count != 4) return 2;
  snprintf(subject, sizeof subject, "%s", args[3]);
  check(natsConnection_ConnectTo(&nc, args[2]));
  if (strcmp(args[1], "send") == 0) send_all();
  else if (strcmp(args[1], "receive") == 0) receive_all();
  else request_one(args[3]);
  natsConnection_Destroy(nc);
  nats_Close();
  return 0;
}
