/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdio.h>
#include <string.h>

#include "conf/conf.h"
#include "conf/schema.h"
#include "conf/value.h"

static const char *
schema_rst_type_name(enum conf_type type)
{
	static const char *const names[] = {
		[CONF_INTEGER] = "number",
		[CONF_SIZE] = "size",
		[CONF_BOOL] = "true or false",
		[CONF_WORD] = "one of",
		[CONF_NAME] = "name",
		[CONF_TEXT] = "text",
		[CONF_DEVICE] = "device",
		[CONF_SOCKET] = "absolute path",
		[CONF_OWNER] = "USER or USER:GROUP",
		[CONF_PERMISSION] = "octal mode",
		[CONF_MAC] = "MAC address",
		[CONF_ADDRESS] = "IP address",
		[CONF_LINK] = "IP address with prefix length",
		[CONF_SUBNET] = "subnet",
		[CONF_PREFIX] = "IP address or subnet",
		[CONF_SPAN] = "number or FIRST-LAST",
		[CONF_PROTOCOL] = "one of",
		[CONF_OBJECT] = "map",
	};

	return names[type];
}

static void
schema_rst_write_heading(const char *title, char underline, FILE *out)
{
	fprintf(out, "%s\n", title);
	for (size_t i = 0; i < strlen(title); i++)
		fputc(underline, out);
	fputs("\n\n", out);
}

/** The range beside each word of the key that it depends on: "vlan 1..4094, ...". */
static void
schema_rst_write_ranges(const struct conf_object *object, const struct conf_field *field, FILE *out)
{
	const struct conf_field *by = conf_object_find(object, field->by);
	const char *between = ": ";

	for (int i = 0; by->words[i] != NULL; i++) {
		struct conf_field narrow = conf_field_narrow(object, field, by->words[i]);

		if (field->ranges[i].what == NULL)
			continue;
		fprintf(out, "%s%s ", between, by->words[i]);
		conf_value_write_range(&narrow, out);
		between = ", ";
	}
}

static void
schema_rst_write_values(const struct conf_object *object, const struct conf_field *field, FILE *out)
{
	if (field->is_list && !field->may_be_single)
		fputs("list: ", out);
	fputs(schema_rst_type_name(field->type), out);
	if (field->by != NULL) {
		schema_rst_write_ranges(object, field, out);
	} else if (field->what != NULL) {
		fputc(' ', out);
		conf_value_write_range(field, out);
	}
	if (field->may_be_single)
		fputs(", or a list", out);
}

static void
schema_rst_write_type(const struct conf_object *object, const struct conf_field *field, FILE *out)
{
	fputs("     - ", out);
	if (field->type == CONF_OBJECT)
		fprintf(out, "%s, see `%s`_", field->is_list ? "list" : "map",
			field->object->title);
	else
		schema_rst_write_values(object, field, out);
	if (field->most > 0)
		fprintf(out, ", at most %u", field->most);
	fputc('\n', out);
}

static void
schema_rst_write_field(const struct conf_object *object, const struct conf_field *field, FILE *out)
{
	const char *restart = field->effect == CONF_RESTART ? " A change needs a restart." : "";
	const char *reopen = field->effect == CONF_REOPEN ? " A change opens the port anew." : "";

	fprintf(out, "   * - ``%s``\n", field->key);
	schema_rst_write_type(object, field, out);
	fprintf(out, "     - %s\n",
		field->is_required	     ? "required" :
		field->fallback != NULL	     ? field->fallback :
		field->fallback_says != NULL ? field->fallback_says :
					       "none");
	fprintf(out, "     - %s%s%s\n", field->help, restart, reopen);
}

static void
schema_rst_write_object(const struct conf_object *object, FILE *out)
{
	schema_rst_write_heading(object->title, '-', out);
	fprintf(out, "%s\n\n", object->help);
	if (object->one_of[0] != NULL)
		fprintf(out, "Exactly one of ``%s`` and ``%s`` is given.\n\n", object->one_of[0],
			object->one_of[1]);
	if (object->not_both[0] != NULL)
		fprintf(out, "At most one of ``%s`` and ``%s`` is given.\n\n", object->not_both[0],
			object->not_both[1]);
	fputs(".. list-table::\n   :header-rows: 1\n   :widths: 15 20 15 50\n\n"
	      "   * - Key\n     - Value\n     - Default\n     - Meaning\n",
	      out);
	for (uint32_t i = 0; i < object->n_fields; i++)
		schema_rst_write_field(object, &object->fields[i], out);
	fputc('\n', out);
	for (uint32_t i = 0; i < object->n_fields; i++)
		if (object->fields[i].type == CONF_OBJECT)
			schema_rst_write_object(object->fields[i].object, out);
}

void
weft_conf_schema_rst(FILE *out)
{
	schema_rst_write_heading("Configuration reference", '=', out);
	fputs("Written by ``weft --schema rst``.\n\n"
	      "Names are letters, digits, ``.``, ``_`` and ``-``, at most 63, and start with a\n"
	      "letter or digit. Sizes are bytes, or have a suffix K, M or G (powers of 1024).\n"
	      "Addresses that contain a colon, MACs among them, are best quoted. Tabs, anchors,\n"
	      "aliases and tags are refused, and so is every key that is not listed here.\n\n",
	      out);
	schema_rst_write_object(&conf_document_object, out);
}
