/* SPDX-License-Identifier: BSD-3-Clause */
/* Answers as JSON, and what a person gets to read. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "view.h"

static const struct {
	const char *noun;
	const char *verb;
	const char *json;
	const char *text;
} view_test_table[] = {
	{ "fdb", "list",
	  "[{'network':'blue','mac':'02:00:00:00:00:0a','port':'vm1','endpoint':null,"
	  "'origin':'learned','age_sec':7},{'network':'green','mac':'02:00:00:00:00:0b','port':'p',"
	  "'endpoint':'192.0.2.2','origin':'l2pop','age_sec':null}]",
	  "NETWORK  MAC                PORT  ENDPOINT   ORIGIN   AGE-SEC\n"
	  "blue     02:00:00:00:00:0a  vm1   -          learned        7\n"
	  "green    02:00:00:00:00:0b  p     192.0.2.2  l2pop          -\n" },
	{ "fdb", "list", "[]", "NETWORK  MAC  PORT  ENDPOINT  ORIGIN  AGE-SEC\n" },
	{ "tunnel", "list",
	  "[{'remote':'192.0.2.2','origin':'configured','local':'192.0.2.1','networks':1,"
	  "'next_hops':[{'address':'192.0.2.2','mac':'02:00:00:00:00:0c','state':'reachable'}],"
	  "'state':'reachable','macs':2,'tx_packets':3,'tx_bytes':4,'rx_packets':5,'rx_bytes':6}]",
	  "REMOTE     ORIGIN      LOCAL      NETWORKS  MACS  STATE      TX-PACKETS  TX-BYTES  "
	  "RX-PACKETS  RX-BYTES\n"
	  "192.0.2.2  configured  192.0.2.1         1     2  reachable           3         4  "
	  "         5         6\n"
	  "\n"
	  "REMOTE     ADDRESS    MAC                STATE\n"
	  "192.0.2.2  192.0.2.2  02:00:00:00:00:0c  reachable\n" },
	{ "neighbour", "list",
	  "[{'scope':'underlay','address':'192.0.2.2','mac':null,'state':'failed',"
	  "'origin':'learned','age_sec':0}]",
	  "SCOPE     ADDRESS    MAC  STATE   ORIGIN   AGE-SEC\n"
	  "underlay  192.0.2.2  -    failed  learned        0\n" },
	{ "fdb", "flush", "{'flushed':3}", "flushed:  3\n" },
	{ "status", NULL,
	  "{'pid':12,'uptime_sec':93784,'buffers':{'total':8192,'bytes':268435456},"
	  "'hugepages':false}",
	  "pid:            12\n"
	  "uptime-sec:     93784 (1d 2h 3m 4s)\n"
	  "buffers.total:  8192\n"
	  "buffers.bytes:  268435456 (256.0 MiB)\n"
	  "hugepages:      no\n" },
	{ "port", "show",
	  "{'name':'a\\u001bb','admin':true,'addresses':['10.0.0.1','::1'],'rx_queues':[],"
	  "'drop_reasons':[{'stage':'admit','packets':12}]}",
	  "name:       a?b\n"
	  "admin:      up\n"
	  "addresses:  10.0.0.1, ::1\n"
	  "rx-queues:  -\n"
	  "\n"
	  "drop-reasons:\n"
	  "  STAGE  PACKETS\n"
	  "  admit       12\n" },
	{ "worker", "list",
	  "[{'worker':0,'core':1,'busy_percent':12.34,'flows':3,'misses':4,"
	  "'queues':[{'port':'vm1','queue':0,'packets':5,'busy_percent':1.0}]}]",
	  "WORKER  CORE  BUSY-PERCENT  FLOWS  MISSES\n"
	  "     0     1          12.3      3       4\n"
	  "\n"
	  "WORKER  PORT  QUEUE  PACKETS  BUSY-PERCENT\n"
	  "     0  vm1       0        5           1.0\n" },
	{ "plan", NULL,
	  "{'changes':[{'action':'add','noun':'port','name':'vm3','details':[]},"
	  "{'action':'change','noun':'network','name':'blue','details':['mtu 1500 -> 1450','x']},"
	  "{'action':'delete','noun':'port','name':'vm2'}],'restart':['host.workers']}",
	  "+ port vm3\n"
	  "~ network blue: mtu 1500 -> 1450, x\n"
	  "- port vm2\n"
	  "! needs a restart: host.workers\n" },
	{ "apply", NULL, "{'changes':[],'restart':[],'applied':true}", "nothing to change\n" },
	{ "trace", NULL,
	  "{'arrival':'vm1','frame':'eth','stages':[{'stage':'terminate','says':'network blue'},"
	  "{'stage':'bridge','says':'flood'}],'verdict':'sent','answer':'output vm2'}",
	  "arrival:      vm1\n"
	  "frame:        eth\n"
	  "  terminate:  network blue\n"
	  "  bridge:     flood\n"
	  "verdict:      sent\n"
	  "answer:       output vm2\n" },
	{ "path", NULL, "[{'stage':'admit','says':'may this port say this?'}]",
	  "STAGE  SAYS\n"
	  "admit  may this port say this?\n" },
	{ "path", NULL,
	  "[{'hop':'guest','what':'virtio','packets_in':1,'packets_out':null},"
	  "{'hop':'vm1','what':'vhost-user','packets_in':10,'packets_out':20}]",
	  "HOP     WHAT        PACKETS-IN  PACKETS-OUT\n"
	  "guest   virtio               1            -\n"
	  "-> vm1  vhost-user          10           20\n" },
	{ "config", "show", "{'yaml':'a: 1\\nb: 2\\n'}", "a: 1\nb: 2\n" },
};

static char *
view_test_render(const char *noun, const char *verb, const char *json)
{
	char *copy = strdup(json);
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);
	json_t *answer;

	for (char *at = copy; *at != '\0'; at++)
		*at = *at == '\'' ? '"' : *at;
	answer = json_loads(copy, JSON_DECODE_ANY, NULL);
	assert_non_null(answer);
	weftctl_view_print(weft_cmd_find(noun, verb), answer, out);
	json_decref(answer);
	fclose(out);
	free(copy);
	return text;
}

static void
test_weftctl_view_table(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(view_test_table) / sizeof(view_test_table[0]); i++) {
		char *text = view_test_render(view_test_table[i].noun, view_test_table[i].verb,
					      view_test_table[i].json);

		assert_string_equal(text, view_test_table[i].text);
		free(text);
	}
}

/* Answers of a shape that no command has are printed somehow, and nothing breaks. */
static void
test_weftctl_view_odd_shapes(void **state)
{
	static const char *const answers[] = {
		"null",
		"1",
		"'x'",
		"[]",
		"{}",
		"[1,2]",
		"[[]]",
		"[{}]",
		"[{'a':{}},{}]",
		"[null]",
		"{'changes':1}",
		"{'changes':[1]}",
		"{'stages':{}}",
		"{'stages':[1]}",
		"{'yaml':1}",
		"[{'hop':1}]",
		"[{'queues':1}]",
		"[{'queues':[1]}]",
		"{'a':[{}]}",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++) {
		free(view_test_render("stat", "show", answers[i]));
		free(view_test_render("worker", "list", answers[i]));
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_weftctl_view_table),
		cmocka_unit_test(test_weftctl_view_odd_shapes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
