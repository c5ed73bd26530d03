/* SPDX-License-Identifier: BSD-3-Clause */
#include "cmd/store.h"

#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct store_entry {
	uint64_t id; /* 0: free */
	uint64_t expires_ms;
	struct weft_cmd_answer answer;
};

static pthread_mutex_t store_lock = PTHREAD_MUTEX_INITIALIZER;
static struct store_entry store_entries[WEFT_CMD_KEPT]; /* all below: under store_lock */
static uint64_t store_last_id;
static size_t store_bytes;

static uint32_t
store_count_parts(const struct weft_cmd_answer *answer)
{
	if (answer->length <= WEFT_CMD_PART_BYTES)
		return 1;
	return (answer->length + WEFT_CMD_PART_BYTES - 1) / WEFT_CMD_PART_BYTES;
}

static void
store_forget(struct store_entry *entry)
{
	if (entry->id == 0)
		return;
	store_bytes -= entry->answer.length;
	free(entry->answer.text);
	*entry = (struct store_entry){ 0 };
}

/* A free place, or the oldest. */
static struct store_entry *
store_find_place(void)
{
	struct store_entry *place = &store_entries[0];

	for (int i = 1; i < WEFT_CMD_KEPT; i++) {
		if (store_entries[i].id < place->id)
			place = &store_entries[i];
	}
	return place;
}

static struct store_entry *
store_find_oldest(void)
{
	struct store_entry *oldest = NULL;

	for (int i = 0; i < WEFT_CMD_KEPT; i++) {
		struct store_entry *entry = &store_entries[i];

		if (entry->id != 0 && (oldest == NULL || entry->id < oldest->id))
			oldest = entry;
	}
	return oldest;
}

static void
store_drop_expired(uint64_t now_ms)
{
	for (int i = 0; i < WEFT_CMD_KEPT; i++) {
		if (store_entries[i].id != 0 && store_entries[i].expires_ms <= now_ms)
			store_forget(&store_entries[i]);
	}
}

/* Makes room and takes over the text. */
static uint64_t
store_keep(const struct weft_cmd_answer *answer, uint64_t now_ms)
{
	struct store_entry *place;
	uint64_t id;

	pthread_mutex_lock(&store_lock);
	store_drop_expired(now_ms);
	while (store_bytes > 0 && store_bytes + answer->length > WEFT_CMD_KEPT_BYTES)
		store_forget(store_find_oldest());
	place = store_find_place();
	store_forget(place);
	id = ++store_last_id;
	*place = (struct store_entry){ id, now_ms + WEFT_CMD_KEPT_MS, *answer };
	store_bytes += answer->length;
	pthread_mutex_unlock(&store_lock);
	return id;
}

void
weft_cmd_answer_part(const struct weft_cmd_answer *answer, uint64_t id, uint32_t part,
		     char reply[WEFT_CMD_REPLY_BYTES])
{
	size_t from = (size_t)part * WEFT_CMD_PART_BYTES;
	size_t bytes = answer->length - from;
	int used = snprintf(reply, WEFT_CMD_REPLY_BYTES, "%" PRIu64 " %" PRIu32 " %d\n", id,
			    store_count_parts(answer), answer->status);

	if (bytes > WEFT_CMD_PART_BYTES)
		bytes = WEFT_CMD_PART_BYTES;
	memcpy(reply + used, answer->text + from, bytes);
	reply[used + bytes] = '\0';
}

void
weft_cmd_store_reply(struct weft_cmd_answer *answer, uint64_t now_ms,
		     char reply[WEFT_CMD_REPLY_BYTES])
{
	uint64_t id;

	if (store_count_parts(answer) == 1) {
		weft_cmd_answer_part(answer, 0, 0, reply);
		free(answer->text);
	} else {
		id = store_keep(answer, now_ms);
		if (weft_cmd_store_part(id, 0, now_ms, reply) < 0)
			reply[0] = '\0'; /* cleared meanwhile: the daemon is going down */
	}
	*answer = (struct weft_cmd_answer){ 0 };
}

static int
store_fetch(struct store_entry *entry, uint64_t part, uint64_t now_ms, char *reply)
{
	uint32_t parts = store_count_parts(&entry->answer);

	if (part >= parts)
		return -ERANGE;
	weft_cmd_answer_part(&entry->answer, entry->id, (uint32_t)part, reply);
	entry->expires_ms = now_ms + WEFT_CMD_KEPT_MS;
	if (part == parts - 1)
		store_forget(entry);
	return 0;
}

int
weft_cmd_store_part(uint64_t id, uint64_t part, uint64_t now_ms, char reply[WEFT_CMD_REPLY_BYTES])
{
	int rc = -ENOENT;

	pthread_mutex_lock(&store_lock);
	store_drop_expired(now_ms);
	for (int i = 0; i < WEFT_CMD_KEPT && id != 0; i++) {
		if (store_entries[i].id != id)
			continue;
		rc = store_fetch(&store_entries[i], part, now_ms, reply);
		break;
	}
	pthread_mutex_unlock(&store_lock);
	return rc;
}

void
weft_cmd_store_expire(uint64_t now_ms)
{
	pthread_mutex_lock(&store_lock);
	store_drop_expired(now_ms);
	pthread_mutex_unlock(&store_lock);
}

void
weft_cmd_store_clear(void)
{
	pthread_mutex_lock(&store_lock);
	for (int i = 0; i < WEFT_CMD_KEPT; i++)
		store_forget(&store_entries[i]);
	pthread_mutex_unlock(&store_lock);
}

size_t
weft_cmd_store_bytes(void)
{
	size_t bytes;

	pthread_mutex_lock(&store_lock);
	bytes = store_bytes;
	pthread_mutex_unlock(&store_lock);
	return bytes;
}
