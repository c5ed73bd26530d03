/* SPDX-License-Identifier: BSD-3-Clause */
#include "show/trace_words.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "show/trace_value.h"

/* Layers of one level exclude each other; levels go up along the frame. */
static const struct {
	const char *name;
	int level;
	int plain; /* the word that a bare value is for; -1: none */
} words_layers[WEFT_LAYERS] = {
	[WEFT_LAYER_VXLAN] = { "vxlan", 0, WEFT_WORD_VXLAN_VNI },
	[WEFT_LAYER_GRE] = { "gre", 0, WEFT_WORD_GRE_KEY },
	[WEFT_LAYER_GENEVE] = { "geneve", 0, WEFT_WORD_GENEVE_VNI },
	[WEFT_LAYER_ETH] = { "eth", 1, -1 },
	[WEFT_LAYER_VLAN] = { "vlan", 2, WEFT_WORD_VLAN_ID },
	[WEFT_LAYER_ARP] = { "arp", 3, -1 },
	[WEFT_LAYER_IP] = { "ip", 3, -1 },
	[WEFT_LAYER_IP6] = { "ip6", 3, -1 },
	[WEFT_LAYER_TCP] = { "tcp", 4, -1 },
	[WEFT_LAYER_UDP] = { "udp", 4, -1 },
	[WEFT_LAYER_ICMP] = { "icmp", 4, -1 },
	[WEFT_LAYER_LENGTH] = { "length", 5, WEFT_WORD_LENGTH },
};

struct words_parser {
	struct weft_trace_packet *packet;
	struct weft_errors *errors;
	int layer; /* that words belong to; -1: a layer's name comes next */
	int last; /* the layer before, -1: none */
};

static void
words_add_bad_value(const struct words_parser *parser, const struct trace_value_spec *spec,
		    const char *text)
{
	char right[160];

	trace_value_describe(spec, right, sizeof(right));
	weft_errors_add(parser->errors, "%s: %s: '%.64s' is not %s", words_layers[spec->layer].name,
			spec->key, text, right);
}

static void
words_add_unknown_layer(const struct words_parser *parser, const char *name)
{
	weft_errors_add(parser->errors,
			"'%.64s' is not a layer; layers are: vxlan, gre, geneve, eth, vlan, arp, "
			"ip, ip6, tcp, udp, icmp, length; for example: eth dst=02:00:00:00:00:0b / "
			"ip src=10.0.0.1 dst=10.0.0.2 / tcp dport=80",
			name);
}

static void
words_add_unknown_key(const struct words_parser *parser, const char *key)
{
	char known[128] = "";
	size_t used = 0;

	for (int word = 0; word < WEFT_WORDS; word++)
		if ((int)trace_value_specs[word].layer == parser->layer)
			used += (size_t)snprintf(known + used, sizeof(known) - used, "%s%s",
						 used > 0 ? ", " : "", trace_value_specs[word].key);
	weft_errors_add(parser->errors, "%s: '%.64s' is not known; words here: %s",
			words_layers[parser->layer].name, key, known);
}

static void
words_take_value(struct words_parser *parser, int word, const char *text)
{
	const struct trace_value_spec *spec = &trace_value_specs[word];
	struct weft_trace_packet *packet = parser->packet;

	if (weft_trace_has_word(packet, word))
		weft_errors_add(parser->errors, "%s: %s is given twice",
				words_layers[spec->layer].name, spec->key);
	else if (!trace_value_read(spec, text, &packet->values[word]))
		words_add_bad_value(parser, spec, text);
	weft_trace_give(packet, word);
}

/* The name of a layer; `vlan=100` and `length=1400` bring a value along. */
static void
words_take_layer(struct words_parser *parser, char *name)
{
	char *value = strchr(name, '=');
	int layer = 0;

	if (value != NULL)
		*value++ = '\0';
	while (layer < WEFT_LAYERS && strcmp(words_layers[layer].name, name) != 0)
		layer++;
	if (layer == WEFT_LAYERS || (value != NULL && words_layers[layer].plain < 0)) {
		words_add_unknown_layer(parser, name);
		return;
	}
	if (parser->last >= 0 && words_layers[layer].level <= words_layers[parser->last].level)
		weft_errors_add(parser->errors, "%s cannot follow %s", name,
				words_layers[parser->last].name);
	parser->layer = parser->last = layer;
	parser->packet->layers |= 1u << layer;
	if (value != NULL)
		words_take_value(parser, words_layers[layer].plain, value);
}

static void
words_take_word(struct words_parser *parser, char *text)
{
	int plain = words_layers[parser->layer].plain, word = 0;
	char *value = strchr(text, '=');

	if (value == NULL && plain >= 0) {
		words_take_value(parser, plain, text);
		return;
	}
	if (value == NULL) {
		weft_errors_add(parser->errors,
				"%s: '%.64s': key=value is right, and '/' between "
				"layers",
				words_layers[parser->layer].name, text);
		return;
	}
	*value++ = '\0';
	while (word < WEFT_WORDS && ((int)trace_value_specs[word].layer != parser->layer ||
				     strcmp(trace_value_specs[word].key, text) != 0))
		word++;
	if (word == WEFT_WORDS)
		words_add_unknown_key(parser, text);
	else
		words_take_value(parser, word, value);
}

/* One layer, between two slashes. */
static void
words_take_section(struct words_parser *parser, char *section)
{
	char *word;

	parser->layer = -1;
	while ((word = strsep(&section, " \t")) != NULL) {
		if (*word == '\0')
			continue;
		if (parser->layer >= 0) {
			words_take_word(parser, word);
			continue;
		}
		words_take_layer(parser, word);
		/* Words of an unknown layer mean nothing. */
		if (parser->layer < 0)
			return;
	}
	if (parser->layer < 0)
		weft_errors_add(parser->errors, "a layer is missing before or behind a '/'");
}

/* A layer that takes a plain value is nothing without it. */
static void
words_check_plain(const struct words_parser *parser, int layer)
{
	int word = words_layers[layer].plain;

	if (word < 0 || weft_trace_has_word(parser->packet, word))
		return;
	if (layer == WEFT_LAYER_LENGTH)
		weft_errors_add(parser->errors, "length: bytes are missing; length=1400 is right");
	else
		weft_errors_add(parser->errors, "%s: %s is missing; `%s 100` is right",
				words_layers[layer].name, trace_value_specs[word].key,
				words_layers[layer].name);
}

/* Some layers only make sense above others. */
static void
words_check_layers(const struct words_parser *parser)
{
	const struct weft_trace_packet *packet = parser->packet;
	bool has_ip = weft_trace_has_layer(packet, WEFT_LAYER_IP) ||
		      weft_trace_has_layer(packet, WEFT_LAYER_IP6);

	for (int layer = WEFT_LAYER_TCP; layer <= WEFT_LAYER_ICMP; layer++)
		if (weft_trace_has_layer(packet, layer) && !has_ip)
			weft_errors_add(parser->errors, "%s needs ip or ip6 before it",
					words_layers[layer].name);
	for (int layer = 0; layer < WEFT_LAYERS; layer++)
		if (weft_trace_has_layer(packet, layer))
			words_check_plain(parser, layer);
}

int
weft_trace_words_parse(const char *words, struct weft_trace_packet *packet,
		       struct weft_errors *errors)
{
	struct words_parser parser = { .packet = packet, .errors = errors, .last = -1 };
	size_t before = errors->n;
	char *text = strdup(words), *rest = text, *section;

	if (text == NULL)
		abort();
	*packet = (struct weft_trace_packet){ 0 };
	while ((section = strsep(&rest, "/")) != NULL)
		words_take_section(&parser, section);
	free(text);
	if (errors->n == before)
		words_check_layers(&parser);
	return errors->n == before ? 0 : -EINVAL;
}
