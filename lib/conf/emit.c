/* SPDX-License-Identifier: BSD-3-Clause */
#include "conf/emit.h"

#include <stdlib.h>

#include "conf/index.h"
#include "conf/inherit.h"
#include "conf/value.h"

struct emitter {
	const struct weft_conf *conf;
	struct conf_index wires, networks;
	struct weft_ip *peers; /* the default of the network that is written */
	uint32_t peers_capacity;
	FILE *out;
};

/** Whether a key must be written: what is required has no default, even if it is zero; an empty
 *  list is news where the default is not empty. */
static bool
emit_is_news(const struct conf_field *field, const void *from, const union conf_any *defaults)
{
	if (field->is_list)
		return !conf_field_is_equal(field, from, defaults);
	return conf_field_is_set(field, from) &&
	       (field->is_required || !conf_field_is_equal(field, from, defaults));
}

void
conf_emit_value(const struct conf_field *field, const void *object, bool is_yaml, FILE *out)
{
	const char *at = (const char *)object + field->offset;
	uint32_t n = conf_field_is_set(field, object);
	bool has_brackets = false;

	if (field->is_list) {
		at = conf_list_get(field, object, &n);
		has_brackets = n > 1 || !field->may_be_single;
	}
	if (n == 0 && !has_brackets)
		fputs("(none)", out);
	fputs(has_brackets ? "[" : "", out);
	for (uint32_t i = 0; i < n; i++) {
		fputs(i > 0 ? ", " : "", out);
		conf_value_write(field, at + (size_t)i * field->bytes, is_yaml, out);
	}
	fputs(has_brackets ? "]" : "", out);
}

static void
emit_gateway_defaults(const struct weft_conf_gateway *gateway, struct weft_ip *pool,
		      struct weft_conf_gateway *defaults)
{
	defaults->n_snat_pool = conf_inherit_snat_pool(gateway, pool);
	defaults->snat_pool = pool;
}

/** The default of a fixed-address is what the port says; people see it. */
static void
emit_fixed_default(const struct conf_object *object, const void *from, union conf_any *defaults)
{
	const struct weft_conf_floating_ip *floating_ip = from;
	const struct weft_conf_forwarding *forwarding = from;

	if (object == &conf_floating_ip_object && floating_ip->is_first)
		defaults->floating_ip.fixed_address = floating_ip->fixed_address;
	else if (object == &conf_forwarding_object && forwarding->is_first)
		defaults->forwarding.fixed_address = forwarding->fixed_address;
}

void
conf_emit_flow(const struct conf_object *object, const void *from, bool is_yaml, FILE *out)
{
	union conf_any defaults;
	struct weft_ip pool;
	bool is_first = true;

	conf_object_default(object, &defaults);
	if (object == &conf_rule_object)
		defaults.rule.ethertype = conf_inherit_group_ethertype(from);
	else if (object == &conf_firewall_object)
		defaults.firewall_rule.ethertype = conf_inherit_firewall_ethertype(from);
	else if (object == &conf_gateway_object)
		emit_gateway_defaults(from, &pool, &defaults.gateway);
	else if (is_yaml)
		emit_fixed_default(object, from, &defaults);
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

static void
emit_network_defaults(struct emitter *emitter, const struct weft_conf_network *network,
		      struct weft_conf_network *defaults)
{
	if (network->n_neighbours > emitter->peers_capacity) {
		free(emitter->peers);
		emitter->peers_capacity = 2 * network->n_neighbours;
		emitter->peers = calloc(emitter->peers_capacity, sizeof(*emitter->peers));
		if (emitter->peers == NULL)
			abort();
	}
	defaults->peers = emitter->peers;
	defaults->n_peers = conf_inherit_peers(network, emitter->peers);
	defaults->mtu = conf_inherit_network_mtu(emitter->conf, &emitter->wires, network);
}

/** The defaults of an object, those that follow another object included. */
static void
emit_defaults(struct emitter *emitter, const struct conf_object *object, const void *from,
	      union conf_any *defaults)
{
	conf_object_default(object, defaults);
	if (object == &conf_network_object) {
		emit_network_defaults(emitter, from, &defaults->network);
	} else if (object == &conf_port_object) {
		const struct weft_conf_port *port = from;
		uint32_t at = conf_index_find(&emitter->networks, port->network);

		if (at != CONF_INDEX_NONE)
			defaults->port.mtu = emitter->conf->networks[at].mtu;
		defaults->port.queues = port->vhost_user != NULL ? 1 : 0;
		defaults->port.connection_reserve = conf_inherit_reserve(
			defaults->port.connection_reserve, port->connection_limit);
	}
}

/** Writes an object inside of another, or a list of them, a line each. */
static void
emit_flows(const struct emitter *emitter, const struct conf_field *field, const void *from,
	   const char *indent)
{
	const char *at;
	uint32_t n;

	fprintf(emitter->out, "%s%s:", indent, field->key);
	if (!field->is_list) {
		fputc(' ', emitter->out);
		conf_emit_flow(field->object, (const char *)from + field->offset, true,
			       emitter->out);
		fputc('\n', emitter->out);
		return;
	}
	at = conf_list_get(field, from, &n);
	fputc('\n', emitter->out);
	for (uint32_t i = 0; i < n; i++) {
		fprintf(emitter->out, "%s  - ", indent);
		conf_emit_flow(field->object, at + (size_t)i * field->bytes, true, emitter->out);
		fputc('\n', emitter->out);
	}
}

/** Whether an object inside of another, or a list of them, must be written: one that is always
 *  there if some key of it is not at its default. */
static bool
emit_is_object_news(const struct conf_field *field, const void *from)
{
	const struct conf_object *object = field->object;
	union conf_any defaults;

	if (field->is_list || field->has_offset > 0)
		return conf_field_is_set(field, from);
	conf_object_default(object, &defaults);
	for (uint32_t i = 0; i < object->n_fields; i++)
		if (emit_is_news(&object->fields[i], (const char *)from + field->offset, &defaults))
			return true;
	return false;
}

/** Writes an object in block style. @p lead: what stands before its first key; "" is as long as
 *  the list dash or the indentation. @return whether any key was written */
static bool
emit_block(struct emitter *emitter, const struct conf_object *object, const void *from,
	   const char *lead, const char *indent)
{
	union conf_any defaults;
	bool is_first = true;

	emit_defaults(emitter, object, from, &defaults);
	for (uint32_t i = 0; i < object->n_fields; i++) {
		const struct conf_field *field = &object->fields[i];

		if (field->type == CONF_OBJECT) {
			if (emit_is_object_news(field, from))
				emit_flows(emitter, field, from, indent);
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
emit_section(struct emitter *emitter, const struct conf_field *field)
{
	const char *at = (const char *)emitter->conf + field->offset;
	uint32_t n;

	if (!conf_field_is_set(field, emitter->conf))
		return false;
	if (!field->is_list) {
		char lead[64];

		snprintf(lead, sizeof(lead), "%s:\n  ", field->key);
		return emit_block(emitter, field->object, at, lead, "  ");
	}
	at = conf_list_get(field, emitter->conf, &n);
	fprintf(emitter->out, "%s:\n", field->key);
	for (uint32_t i = 0; i < n; i++)
		emit_block(emitter, field->object, at + (size_t)i * field->bytes, "  - ", "    ");
	return true;
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
	free(emitter.peers);
}
