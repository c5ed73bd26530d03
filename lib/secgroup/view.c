/* SPDX-License-Identifier: BSD-3-Clause */
/* What a group says about one direction and one family, in clauses. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "secgroup/members.h"
#include "secgroup/ruleset.h"

/* The ranks that belong to a view, and the sets of their rules: sorted, a clause is a run. */
struct view_rank {
	uint16_t set;
	uint32_t rank;
};

struct view_plan {
	struct view_rank *ranks;
	uint32_t n;
};

static int
view_compare_ranks(const void *a, const void *b)
{
	const struct view_rank *one = a, *other = b;

	if (one->set != other->set)
		return one->set < other->set ? -1 : 1;
	return one->rank < other->rank ? -1 : one->rank > other->rank;
}

static int
view_compare_clauses(const void *a, const void *b)
{
	const struct weft_clause *one = a, *other = b;

	return one->first < other->first ? -1 : one->first > other->first;
}

static int
view_plan(struct view_plan *plan, const struct weft_ruleset *set, enum weft_direction direction,
	  uint8_t family)
{
	plan->n = 0;
	plan->ranks = malloc((set->n + 1) * sizeof(*plan->ranks));
	if (plan->ranks == NULL)
		return -ENOMEM;
	for (uint32_t rank = 0; rank < set->n; rank++) {
		const struct weft_rule_object *object = set->rules[rank];

		if (object->key.words.direction == direction &&
		    weft_rule_key_is_of(&object->key, family))
			plan->ranks[plan->n++] = (struct view_rank){ set->sets[rank], rank };
	}
	qsort(plan->ranks, plan->n, sizeof(*plan->ranks), view_compare_ranks);
	return 0;
}

/* How many ranks from @p start on make one clause. */
static uint32_t
view_run(const struct view_plan *plan, uint32_t start)
{
	uint32_t n = 1;

	while (start + n < plan->n && n < WEFT_CLASSIFIER_RULES_MAX &&
	       plan->ranks[start + n].set == plan->ranks[start].set)
		n++;
	return n;
}

static int
view_add_clause(struct weft_view *view, const struct weft_ruleset *set, uint8_t family,
		const struct view_rank *run, uint32_t n)
{
	struct weft_clause *clause = &view->clauses[view->n];
	uint32_t list[WEFT_CLASSIFIER_RULES_MAX];
	struct weft_ranks ranks = { set->rules, list, n };
	int rc;

	for (uint32_t i = 0; i < n; i++)
		list[i] = run[i].rank;
	clause->first = list[0];
	clause->set = run->set;
	rc = weft_classifier_make(&clause->classifier, family, &ranks);
	view->n += rc == 0;
	return rc;
}

static int
view_fill(struct weft_view *view, const struct weft_ruleset *set, uint8_t family,
	  const struct view_plan *plan)
{
	uint32_t n_clauses = 0;
	int rc = 0;

	for (uint32_t i = 0; i < plan->n; i += view_run(plan, i))
		n_clauses++;
	if (n_clauses == 0)
		return 0;
	view->clauses = calloc(n_clauses, sizeof(*view->clauses));
	if (view->clauses == NULL)
		return -ENOMEM;
	for (uint32_t i = 0; i < plan->n && rc == 0; i += view_run(plan, i))
		rc = view_add_clause(view, set, family, &plan->ranks[i], view_run(plan, i));
	qsort(view->clauses, view->n, sizeof(*view->clauses), view_compare_clauses);
	return rc;
}

static bool
view_is_open_by(const struct weft_rule_object *object, enum weft_direction direction,
		uint8_t family)
{
	const struct weft_rule_words *words = &object->key.words;

	return words->direction == direction && weft_rule_key_is_of(&object->key, family) &&
	       weft_rule_read_16(words->protocol) == WEFT_PROTOCOL_ANY && words->family == 0 &&
	       words->kind == WEFT_RULE_ANY && words->is_unlogged && object->key.remote[0] == '\0';
}

int
weft_view_make(struct weft_view *view, const struct weft_ruleset *set,
	       enum weft_direction direction, uint8_t family)
{
	struct view_plan plan;
	int rc;

	for (uint32_t rank = 0; rank < set->n; rank++)
		view->is_open |= view_is_open_by(set->rules[rank], direction, family);
	if (view_plan(&plan, set, direction, family) != 0)
		return -ENOMEM;
	rc = view_fill(view, set, family, &plan);
	free(plan.ranks);
	return rc;
}

void
weft_view_free(struct weft_view *view)
{
	for (uint32_t i = 0; i < view->n; i++)
		weft_classifier_free(&view->clauses[i].classifier);
	free(view->clauses);
}

size_t
weft_view_bytes(const struct weft_view *view)
{
	size_t bytes = view->n * sizeof(*view->clauses);

	for (uint32_t i = 0; i < view->n; i++)
		bytes += view->clauses[i].classifier.bytes;
	return bytes;
}
