/* SPDX-License-Identifier: BSD-3-Clause */
#include <inttypes.h>
#include <stdlib.h>

#include <jansson.h>

#include "conf/conf.h"
#include "conf/protocol.h"
#include "conf/schema.h"
#include "conf/value.h"

static json_t *schema_json_object(const struct conf_object *object);

static json_t *
schema_json_pattern(const char *pattern)
{
	return json_pack("{s:s, s:s}", "type", "string", "pattern", pattern);
}

static json_t *
schema_json_words(const struct conf_field *field)
{
	json_t *words = json_array();

	for (int i = 0; field->words[i] != NULL; i++)
		json_array_append_new(words, json_string(field->words[i]));
	return json_pack("{s:o}", "enum", words);
}

static json_t *
schema_json_size(const struct conf_field *field)
{
	return json_pack("{s:[{s:s, s:I, s:I}, {s:s, s:s}]}", "anyOf", "type", "integer", "minimum",
			 (json_int_t)field->min, "maximum", (json_int_t)field->max, "type",
			 "string", "pattern", "^[1-9][0-9]*[KMG]?$");
}

static json_t *
schema_json_number(const struct conf_field *field)
{
	return json_pack("{s:s, s:I, s:I}", "type", "integer", "minimum", (json_int_t)field->min,
			 "maximum", (json_int_t)field->max);
}

/** A number, or what a pattern says. */
static json_t *
schema_json_number_or(const struct conf_field *field, const char *pattern)
{
	return json_pack("{s:[o, o]}", "anyOf", schema_json_number(field),
			 schema_json_pattern(pattern));
}

static json_t *
schema_json_protocol(const struct conf_field *field)
{
	json_t *schema = schema_json_number_or(field, "^(0|[1-9][0-9]{0,2})$");
	json_t *words = json_array();

	for (int i = 0; conf_protocols[i].name != NULL; i++)
		json_array_append_new(words, json_string(conf_protocols[i].name));
	json_array_append_new(json_object_get(schema, "anyOf"), json_pack("{s:o}", "enum", words));
	return schema;
}

static json_t *
schema_json_value(const struct conf_field *field)
{
	switch (field->type) {
	case CONF_INTEGER:
		return schema_json_number(field);
	case CONF_SIZE:
		return schema_json_size(field);
	case CONF_BOOL:
		return json_pack("{s:s}", "type", "boolean");
	case CONF_WORD:
		return schema_json_words(field);
	case CONF_NAME:
		return schema_json_pattern("^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$");
	case CONF_SOCKET:
		return json_pack("{s:s, s:s, s:I}", "type", "string", "pattern", "^/", "maxLength",
				 (json_int_t)field->max);
	case CONF_OWNER:
		return schema_json_pattern(
			"^[A-Za-z0-9_][A-Za-z0-9_.-]*(:[A-Za-z0-9_][A-Za-z0-9_.-]*)?$");
	case CONF_PERMISSION:
		return schema_json_pattern("^0*[0-7]{1,3}$");
	case CONF_MAC:
		return schema_json_pattern("^[0-9A-Fa-f][02468ACEace](:[0-9A-Fa-f]{2}){5}$");
	case CONF_ADDRESS:
		return schema_json_pattern(
			"^([0-9]+(\\.[0-9]+){3}|[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*)$");
	case CONF_LINK:
	case CONF_SUBNET:
		return schema_json_pattern(
			"^([0-9]+(\\.[0-9]+){3}|[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*)/[0-9]{1,3}$");
	case CONF_PREFIX:
		return schema_json_pattern(
			"^([0-9]+(\\.[0-9]+){3}|[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*)(/[0-9]{1,3})?$");
	case CONF_SPAN:
		return schema_json_number_or(field, "^(0|[1-9][0-9]{0,4})(-(0|[1-9][0-9]{0,4}))?$");
	case CONF_PROTOCOL:
		return schema_json_protocol(field);
	case CONF_OBJECT:
		return schema_json_object(field->object);
	default:
		return json_pack("{s:s, s:i, s:I}", "type", "string", "minLength", 1, "maxLength",
				 (json_int_t)field->max);
	}
}

/** A section may be empty, so that all of it can be commented out. */
static json_t *
schema_json_list(const struct conf_field *field)
{
	json_t *list = json_pack("{s:[s, s], s:o}", "type", "array", "null", "items",
				 schema_json_value(field));

	if (field->capacity > 0)
		json_object_update_new(list, json_pack("{s:i, s:i, s:b}", "minItems", 1, "maxItems",
						       field->capacity, "uniqueItems", 1));
	if (field->most > 0)
		json_object_set_new(list, "maxItems", json_integer(field->most));
	if (field->most > 0 && !field->is_ordered)
		json_object_set_new(list, "uniqueItems", json_true());
	if (field->may_be_single)
		return json_pack("{s:[o, o]}", "anyOf", schema_json_value(field), list);
	return list;
}

static json_t *
schema_json_default(const struct conf_field *field)
{
	if (field->type == CONF_INTEGER)
		return json_integer(strtoll(field->fallback, NULL, 10));
	if (field->type == CONF_BOOL)
		return json_boolean(field->fallback[0] == 't');
	return json_string(field->fallback);
}

static json_t *
schema_json_field(const struct conf_field *field)
{
	json_t *schema = field->is_list ? schema_json_list(field) : schema_json_value(field);

	if (field->fallback_says != NULL)
		json_object_set_new(
			schema, "description",
			json_sprintf("%s Default: %s.", field->help, field->fallback_says));
	else
		json_object_set_new(schema, "description", json_string(field->help));
	if (field->fallback != NULL)
		json_object_set_new(schema, "default", schema_json_default(field));
	return schema;
}

/** What a key must be beside one word of the key it depends on. */
static json_t *
schema_json_condition(const struct conf_field *field, const char *word,
		      const struct conf_range *range)
{
	json_t *condition = json_pack("{s:{s:{s:{s:s}}, s:[s]}}", "if", "properties", field->by,
				      "const", word, "required", field->by);
	json_t *then;

	if (range->what != NULL)
		then = json_pack("{s:{s:{s:I, s:I}}, s:[s]}", "properties", field->key, "minimum",
				 (json_int_t)range->min, "maximum", (json_int_t)range->max,
				 "required", field->key);
	else
		then = json_pack("{s:{s:b}}", "properties", field->key, 0);
	json_object_set_new(condition, "then", then);
	return condition;
}

static void
schema_json_add_conditions(json_t *schema, const struct conf_object *object)
{
	json_t *conditions = json_array();

	for (uint32_t i = 0; i < object->n_fields; i++) {
		const struct conf_field *field = &object->fields[i];
		const struct conf_field *by = NULL;

		if (field->by != NULL)
			by = conf_object_find(object, field->by);
		for (int j = 0; by != NULL && by->words[j] != NULL; j++)
			json_array_append_new(conditions, schema_json_condition(field, by->words[j],
										&field->ranges[j]));
	}
	if (json_array_size(conditions) > 0)
		json_object_set(schema, "allOf", conditions);
	json_decref(conditions);
}

static json_t *
schema_json_object(const struct conf_object *object)
{
	json_t *properties = json_object(), *required = json_array(), *schema;

	for (uint32_t i = 0; i < object->n_fields; i++) {
		const struct conf_field *field = &object->fields[i];

		json_object_set_new(properties, field->key, schema_json_field(field));
		if (field->is_required)
			json_array_append_new(required, json_string(field->key));
	}
	schema = json_pack("{s:s, s:b, s:o}", "type", "object", "additionalProperties", 0,
			   "properties", properties);
	if (object->may_be_null)
		json_object_set_new(schema, "type", json_pack("[s, s]", "object", "null"));
	if (json_array_size(required) > 0)
		json_object_set(schema, "required", required);
	json_decref(required);
	if (object->one_of[0] != NULL)
		json_object_set_new(schema, "oneOf",
				    json_pack("[{s:[s]}, {s:[s]}]", "required", object->one_of[0],
					      "required", object->one_of[1]));
	if (object->not_both[0] != NULL)
		json_object_set_new(schema, "not",
				    json_pack("{s:[s, s]}", "required", object->not_both[0],
					      object->not_both[1]));
	schema_json_add_conditions(schema, object);
	return schema;
}

void
weft_conf_schema_json(FILE *out)
{
	json_t *schema = json_pack("{s:s, s:s, s:s}", "$schema",
				   "https://json-schema.org/draft/2020-12/schema", "title",
				   "weft configuration", "description", conf_document_object.help);
	json_t *object = schema_json_object(&conf_document_object);

	json_object_update(schema, object);
	json_decref(object);
	json_dumpf(schema, out, JSON_INDENT(2));
	fputc('\n', out);
	json_decref(schema);
}
