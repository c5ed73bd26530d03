/* SPDX-License-Identifier: BSD-3-Clause */
/* The control thread, its mailbox, files and timers. Every test is the control thread itself. */
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/control.h"

#define CONTROL_TEST_POSTS 500
#define CONTROL_TEST_SENDERS 4

static int
control_test_start(void **state)
{
	(void)state;
	return weft_control_init();
}

static int
control_test_stop(void **state)
{
	(void)state;
	weft_control_fini();
	return 0;
}

static void
control_test_end(void *context)
{
	(void)context;
	weft_control_stop();
}

static void
control_test_increment(void *context)
{
	assert_true(weft_control_is_self());
	++*(int *)context;
}

/* Ends the test's run from within, after everything that was posted before. */
static void
control_test_run_until_idle(void)
{
	assert_int_equal(weft_control_post(control_test_end, NULL), 0);
	weft_control_run();
}

/* Files and timers have their turns meanwhile. */
static void
control_test_run_a_while(void)
{
	int timer = weft_control_every(20, control_test_end, NULL);

	assert_true(timer >= 0);
	weft_control_run();
	weft_control_unwatch(timer);
}

/* ---- mail ---- */

struct control_test_caller {
	pthread_t thread;
	int ran; /* by the control thread */
	int rc;
	bool was_self;
	bool ends;
};

static void *
control_test_call(void *context)
{
	struct control_test_caller *caller = context;

	caller->was_self = weft_control_is_self();
	caller->rc = weft_control_call(control_test_increment, &caller->ran);
	/* The call has returned, so what it did is visible. */
	if (caller->rc == 0 && caller->ran != 1)
		caller->rc = -EPROTO;
	if (caller->ends)
		weft_control_post(control_test_end, NULL);
	return NULL;
}

static void
test_a_call_runs_on_the_control_thread_before_it_returns(void **state)
{
	struct control_test_caller caller = { .ends = true, .rc = 1 };

	(void)state;
	assert_int_equal(pthread_create(&caller.thread, NULL, control_test_call, &caller), 0);
	weft_control_run();
	pthread_join(caller.thread, NULL);
	assert_false(caller.was_self);
	assert_int_equal(caller.rc, 0);
}

static void
test_a_call_from_the_control_thread_runs_at_once(void **state)
{
	int ran = 0;

	(void)state;
	assert_int_equal(weft_control_call(control_test_increment, &ran), 0);
	assert_int_equal(ran, 1);
}

static void
test_a_post_from_the_control_thread_runs_later(void **state)
{
	int ran = 0;

	(void)state;
	assert_int_equal(weft_control_post(control_test_increment, &ran), 0);
	assert_int_equal(ran, 0);
	control_test_run_until_idle();
	assert_int_equal(ran, 1);
}

static struct control_test_sender {
	pthread_t thread;
	int next; /* the number of the post that must run next */
	int rc;
	struct control_test_post {
		struct control_test_sender *sender;
		int number;
	} posts[CONTROL_TEST_POSTS];
} control_test_senders[CONTROL_TEST_SENDERS];

static int control_test_posts_left;

static void
control_test_receive(void *context)
{
	struct control_test_post *post = context;

	assert_int_equal(post->sender->next++, post->number);
	if (--control_test_posts_left == 0)
		weft_control_stop();
}

static void *
control_test_send(void *context)
{
	struct control_test_sender *sender = context;

	for (int i = 0; i < CONTROL_TEST_POSTS; i++) {
		sender->posts[i] = (struct control_test_post){ sender, i };
		if (weft_control_post(control_test_receive, &sender->posts[i]) != 0)
			sender->rc = -1;
	}
	return NULL;
}

static void
test_posts_of_a_thread_run_in_order_and_none_is_lost(void **state)
{
	(void)state;
	control_test_posts_left = CONTROL_TEST_SENDERS * CONTROL_TEST_POSTS;
	for (int i = 0; i < CONTROL_TEST_SENDERS; i++)
		assert_int_equal(pthread_create(&control_test_senders[i].thread, NULL,
						control_test_send, &control_test_senders[i]),
				 0);
	weft_control_run();
	for (int i = 0; i < CONTROL_TEST_SENDERS; i++) {
		pthread_join(control_test_senders[i].thread, NULL);
		assert_int_equal(control_test_senders[i].rc, 0);
		assert_int_equal(control_test_senders[i].next, CONTROL_TEST_POSTS);
	}
}

/* ---- the end ---- */

static void
test_after_the_end_nobody_waits_and_nothing_runs(void **state)
{
	struct control_test_caller late = { .rc = 1 };
	int ran = 0;

	(void)state;
	assert_int_equal(weft_control_init(), 0);
	weft_control_fini();
	assert_int_equal(weft_control_post(control_test_increment, &ran), -ESHUTDOWN);
	assert_int_equal(pthread_create(&late.thread, NULL, control_test_call, &late), 0);
	pthread_join(late.thread, NULL);
	assert_int_equal(late.rc, -ESHUTDOWN);
	assert_int_equal(late.ran, 0);
	assert_int_equal(ran, 0);
}

static void
test_who_waits_at_the_end_is_told_so(void **state)
{
	struct control_test_caller callers[3] = { { .rc = 1 }, { .rc = 1 }, { .rc = 1 } };
	int posted = 0;

	(void)state;
	assert_int_equal(weft_control_init(), 0);
	assert_int_equal(weft_control_post(control_test_increment, &posted), 0);
	for (int i = 0; i < 3; i++)
		assert_int_equal(
			pthread_create(&callers[i].thread, NULL, control_test_call, &callers[i]),
			0);
	usleep(20000);
	weft_control_fini();
	for (int i = 0; i < 3; i++) {
		pthread_join(callers[i].thread, NULL);
		assert_int_equal(callers[i].rc, -ESHUTDOWN);
		assert_int_equal(callers[i].ran, 0);
	}
	assert_int_equal(posted, 0);
}

static void
test_it_can_start_again(void **state)
{
	int ran = 0;

	(void)state;
	for (int i = 1; i <= 3; i++) {
		assert_int_equal(weft_control_init(), 0);
		weft_control_post(control_test_increment, &ran);
		control_test_run_until_idle();
		assert_int_equal(ran, i);
		weft_control_fini();
	}
}

/* ---- timers ---- */

struct control_test_timer {
	int id;
	int fired;
	int unwatch_at; /* takes itself away when it has fired so often */
	int *other; /* and takes this one away too */
	int stop_at;
	int replacement;
};

static void
control_test_tick(void *context)
{
	struct control_test_timer *timer = context;

	timer->fired++;
	if (timer->fired == timer->unwatch_at)
		weft_control_unwatch(timer->id);
	if (timer->other != NULL && *timer->other >= 0) {
		weft_control_unwatch(*timer->other);
		*timer->other = -1;
	}
	if (timer->fired == timer->stop_at)
		weft_control_stop();
}

static void
test_a_timer_fires_again_and_again(void **state)
{
	struct control_test_timer timer = { .stop_at = 5 };

	(void)state;
	timer.id = weft_control_every(2, control_test_tick, &timer);
	assert_true(timer.id >= 0);
	weft_control_run();
	assert_int_equal(timer.fired, 5);
}

static void
test_a_timer_can_end_itself(void **state)
{
	struct control_test_timer brief = { .unwatch_at = 2 }, clock = { .stop_at = 10 };

	(void)state;
	brief.id = weft_control_every(1, control_test_tick, &brief);
	clock.id = weft_control_every(2, control_test_tick, &clock);
	weft_control_run();
	assert_int_equal(brief.fired, 2);
}

/* Both are due in the same round: whichever is first takes the other away, which must not run. */
static void
test_a_timer_taken_away_by_another_does_not_fire_any_more(void **state)
{
	struct control_test_timer a = { 0 }, b = { 0 };

	(void)state;
	a.id = weft_control_every(5, control_test_tick, &a);
	b.id = weft_control_every(5, control_test_tick, &b);
	a.other = &b.id;
	b.other = &a.id;
	a.stop_at = b.stop_at = 3;
	usleep(12000);
	weft_control_run();
	assert_int_equal(a.fired + b.fired, 3);
	assert_true(a.fired == 0 || b.fired == 0);
}

/* The descriptor of the old timer is given to the new one in the same round. */
static void
control_test_replace(void *context)
{
	struct control_test_timer *timer = context;

	timer->fired++;
	weft_control_unwatch(timer->id);
	timer->id = weft_control_every(1, control_test_replace, timer);
	assert_true(timer->id >= 0);
	if (timer->fired == timer->stop_at)
		weft_control_stop();
}

static void
test_a_timer_can_be_replaced_by_another(void **state)
{
	struct control_test_timer a = { .stop_at = 6 }, b = { 0 };

	(void)state;
	a.id = weft_control_every(1, control_test_replace, &a);
	b.id = weft_control_every(1, control_test_replace, &b);
	usleep(3000);
	weft_control_run();
	assert_int_equal(a.fired, 6);
	assert_in_range(b.fired, 1, 100);
}

/* ---- files ---- */

struct control_test_pipe {
	int ends[2];
	int heard;
	bool once;
};

static void
control_test_hear(void *context)
{
	struct control_test_pipe *pipe = context;
	char byte;

	assert_int_equal(read(pipe->ends[0], &byte, 1), 1);
	pipe->heard++;
	if (pipe->once)
		weft_control_unwatch(pipe->ends[0]);
}

static void
test_a_file_is_heard_until_it_is_unwatched(void **state)
{
	struct control_test_pipe pipes[2] = { { .once = false }, { .once = true } };

	(void)state;
	for (int i = 0; i < 2; i++) {
		assert_int_equal(pipe(pipes[i].ends), 0);
		assert_int_equal(weft_control_watch(pipes[i].ends[0], control_test_hear, &pipes[i]),
				 0);
		assert_int_equal(write(pipes[i].ends[1], "abc", 3), 3);
	}
	control_test_run_a_while();
	assert_int_equal(pipes[0].heard, 3);
	assert_int_equal(pipes[1].heard, 1);
	/* And again, when it is watched again. */
	assert_int_equal(weft_control_watch(pipes[1].ends[0], control_test_hear, &pipes[1]), 0);
	control_test_run_a_while();
	assert_int_equal(pipes[1].heard, 2);
	weft_control_unwatch(pipes[0].ends[0]);
	weft_control_unwatch(pipes[0].ends[0]);
	weft_control_unwatch(12345);
	for (int i = 0; i < 4; i++)
		close(pipes[i / 2].ends[i % 2]);
}

static void
test_what_cannot_be_watched_is_refused(void **state)
{
	(void)state;
	assert_int_equal(weft_control_watch(-1, control_test_increment, NULL), -EBADF);
	assert_int_equal(weft_control_watch(4321, control_test_increment, NULL), -EBADF);
}

#define CONTROL_TEST(name)                                                                         \
	cmocka_unit_test_setup_teardown(name, control_test_start, control_test_stop)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CONTROL_TEST(test_a_call_runs_on_the_control_thread_before_it_returns),
		CONTROL_TEST(test_a_call_from_the_control_thread_runs_at_once),
		CONTROL_TEST(test_a_post_from_the_control_thread_runs_later),
		CONTROL_TEST(test_posts_of_a_thread_run_in_order_and_none_is_lost),
		cmocka_unit_test(test_after_the_end_nobody_waits_and_nothing_runs),
		cmocka_unit_test(test_who_waits_at_the_end_is_told_so),
		cmocka_unit_test(test_it_can_start_again),
		CONTROL_TEST(test_a_timer_fires_again_and_again),
		CONTROL_TEST(test_a_timer_can_end_itself),
		CONTROL_TEST(test_a_timer_taken_away_by_another_does_not_fire_any_more),
		CONTROL_TEST(test_a_timer_can_be_replaced_by_another),
		CONTROL_TEST(test_a_file_is_heard_until_it_is_unwatched),
		CONTROL_TEST(test_what_cannot_be_watched_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
