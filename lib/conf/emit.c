/* SPDX-License-Identifier: BSD-3-Clause */
#include "conf/emit.h"

#include "conf/index.h"
#include "conf/value.h"

struct emitter {
	const struct weft_conf *conf;
	struct conf_index wires, networks;
	FILE *out;
};

/** Whether a key must be written: what is required has no default, even if it is zero. */
static bool
emit_is_news(const struct conf_field *field, const void *from, const union conf_any *defaults)
{
	return conf_field_is_set(field, from) &&
	       (field->is_required || !conf_field_is_equal(field, from, defaults));
}

void
conf_emit_value(const struct conf_field *field, const void *object, bool is_yaml, FILE *out)
{
	uint32_t n;

	if (!field->is_list) {
		if (conf_field_is_set(field, object))
			conf_value_write(field, (const char *)object + field->offset, is_yaml, out);
		else
			fputs("(none)", out);
		return;
	}
	fputc('[', out);
	for (const char *at = conf_list_get(field, object, &n), *start = at;
	     at < start + (size_t)n * field->bytes; at += field->bytes) {
		if (at > start)
			fputs(", ", out);
		conf_value_write(field, at, is_yaml, out);
	}
	fputc(']', out);
}

void
conf_emit_flow(const struct conf_object *object, const void *from, bool is_yaml, FILE *out)
{
	union conf_any defaults;
	bool is_first = true;

	conf_object_default(object, &defaults);
	fputc('{', out);
	for (uint32_t i = 0; i < object->n_fields; i++) {
		const struct conf_field *field = &object->fields[i];

		if (!emit_is_news(field, from, &defaults))
			continue;
		fprintf(out, "%s%s: ", is_first ? "" : ", ", field->key);
		conf_emit_value(field, from, is_yaml, out);
		is_first = false;
	}
	fputc('}', out);
}

/** The defaults of an object, those that follow another object included. */
static void
emit_defaults(const struct emitter *emitter, const struct conf_object *object, const void *from,
	      union conf_any *defaults)
{
	conf_object_default(object, defaults);
	if (object == &conf_network_object) {
		const struct weft_conf_network *network = from;
		uint32_t at = conf_index_find(&emitter->wires, network->wire);

		defaults->network.mtu = at == CONF_INDEX_NONE ? 1500 : emitter->conf->wires[at].mtu;
	} else if (object == &conf_port_object) {
		const struct weft_conf_port *port = from;
		uint32_t at = conf_index_find(&emitter->networks, port->network);

		if (at != CONF_INDEX_NONE)
			defaults->port.mtu = emitter->conf->networks[at].mtu;
		defaults->port.queues = port->vhost_user != NULL ? 1 : 0;
	}
}

static void
emit_flow_list(const struct emitter *emitter, const struct conf_field *field, const void *from)
{
	uint32_t n;
	const char *at = conf_list_get(field, from, &n);

	fprintf(emitter->out, "    %s:\n", field->key);
	for (uint32_t i = 0; i < n; i++) {
		fputs("      - ", emitter->out);
		conf_emit_flow(field->object, at + (size_t)i * field->bytes, true, emitter->out);
		fputc('\n', emitter->out);
	}
}

/** Writes an object in block style. @p lead: what stands before its first key; "" is as long as
 *  the list dash or the indentation. @return whether any key was written */
static bool
emit_block(const struct emitter *emitter, const struct conf_object *object, const void *from,
	   const char *lead, const char *indent)
{
	union conf_any defaults;
	bool is_first = true;

	emit_defaults(emitter, object, from, &defaults);
	for (uint32_t i = 0; i < object->n_fields; i++) {
		const struct conf_field *field = &object->fields[i];

		if (field->type == CONF_OBJECT) {
			if (conf_field_is_set(field, from))
				emit_flow_list(emitter, field, from);
			continue;
		}
		if (!emit_is_news(field, from, &defaults))
			continue;
		fprintf(emitter->out, "%s%s: ", is_first ? lead : indent, field->key);
		conf_emit_value(field, from, true, emitter->out);
		fputc('\n', emitter->out);
		is_first = false;
	}
	return !is_first;
}

static bool
emit_section(const struct emitter *emitter, const struct conf_field *field)
{
	const char *at = (const char *)emitter->conf + field->offset;
	uint32_t n;

	if (!field->is_list) {
		char lead[64];

		snprintf(lead, sizeof(lead), "%s:\n  ", field->key);
		return emit_block(emitter, field->object, at, lead, "  ");
	}
	at = conf_list_get(field, emitter->conf, &n);
	if (n > 0)
		fprintf(emitter->out, "%s:\n", field->key);
	for (uint32_t i = 0; i < n; i++)
		emit_block(emitter, field->object, at + (size_t)i * field->bytes, "  - ", "    ");
	return n > 0;
}

void
weft_conf_emit(const struct weft_conf *conf, FILE *out)
{
	const struct conf_object *object = &conf_document_object;
	struct emitter emitter = { .conf = conf, .out = out };
	bool is_empty = true;

	conf_index_build(&emitter.wires, conf->wires, conf->n_wires, sizeof(*conf->wires));
	conf_index_build(&emitter.networks, conf->networks, conf->n_networks,
			 sizeof(*conf->networks));
	for (uint32_t i = 0; i < object->n_fields; i++)
		is_empty &= !emit_section(&emitter, &object->fields[i]);
	/* An empty file is refused, lest a lost one count as "nothing". */
	if (is_empty)
		fputs("{}\n", out);
	conf_index_clear(&emitter.wires);
	conf_index_clear(&emitter.networks);
}
