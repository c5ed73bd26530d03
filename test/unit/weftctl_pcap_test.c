/* SPDX-License-Identifier: BSD-3-Clause */
/* Capture files of all kinds, whole and damaged. */
#include <byteswap.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "pcap.h"

#define PCAP_TEST_ETHERNET 1

static char pcap_test_path[] = "/tmp/weftctl_pcap_XXXXXX";

static int
pcap_test_setup(void **state)
{
	int fd = mkstemp(pcap_test_path);

	(void)state;
	return fd < 0 ? -1 : close(fd);
}

static int
pcap_test_teardown(void **state)
{
	(void)state;
	return unlink(pcap_test_path);
}

static void
pcap_test_put(FILE *file, uint32_t word, int is_swapped)
{
	word = is_swapped ? bswap_32(word) : word;
	fwrite(&word, sizeof(word), 1, file);
}

/* Writes packets of 60 and 500 bytes (byte i is i mod 251), the second cut to 450. */
static void
pcap_test_write(uint32_t magic, uint32_t link, int is_swapped)
{
	static const uint32_t sizes[][2] = { { 60, 60 }, { 450, 500 } };
	FILE *file = fopen(pcap_test_path, "wb");

	pcap_test_put(file, magic, is_swapped);
	pcap_test_put(file, 0x00040002, 0);
	for (int i = 0; i < 3; i++)
		pcap_test_put(file, 65535, is_swapped);
	pcap_test_put(file, link, is_swapped);
	for (int i = 0; i < 2; i++) {
		pcap_test_put(file, 1, is_swapped);
		pcap_test_put(file, 2, is_swapped);
		pcap_test_put(file, sizes[i][0], is_swapped);
		pcap_test_put(file, sizes[i][1], is_swapped);
		for (uint32_t at = 0; at < sizes[i][0]; at++)
			fputc((int)(at % 251), file);
	}
	fclose(file);
}

static void
pcap_test_expect_error(uint64_t n, const char *sentence)
{
	struct weft_errors errors = WEFT_ERRORS_NONE;
	struct weftctl_frame frame;
	char expected[256];

	snprintf(expected, sizeof(expected), "%s: %s", pcap_test_path, sentence);
	assert_true(weftctl_pcap_read(pcap_test_path, n, &frame, &errors) < 0);
	assert_int_equal(errors.n, 1);
	assert_string_equal(errors.lines[0], expected);
	weft_errors_clear(&errors);
}

static void
test_weftctl_pcap_formats(void **state)
{
	static const uint32_t magics[] = { 0xa1b2c3d4, 0xa1b23c4d };
	char hex[2 * WEFTCTL_FRAME_BYTES + 1];
	struct weft_errors errors = WEFT_ERRORS_NONE;
	struct weftctl_frame frame;

	(void)state;
	for (int i = 0; i < 4; i++) {
		pcap_test_write(magics[i / 2], PCAP_TEST_ETHERNET | 0x50000000, i % 2);
		assert_int_equal(weftctl_pcap_read(pcap_test_path, 1, &frame, &errors), 0);
		assert_int_equal(frame.captured, 60);
		assert_int_equal(frame.length, 60);
		weftctl_pcap_hex(&frame, hex);
		assert_int_equal(strlen(hex), 120);
		assert_memory_equal(hex, "000102", 6);
		assert_memory_equal(hex + 114, "393a3b", 6);
		assert_int_equal(weftctl_pcap_read(pcap_test_path, 2, &frame, &errors), 0);
		assert_int_equal(frame.captured, WEFTCTL_FRAME_BYTES);
		assert_int_equal(frame.length, 500);
		assert_int_equal(frame.bytes[399], 399 % 251);
	}
	pcap_test_expect_error(3, "has only 2 packets, not 3");
}

static void
test_weftctl_pcap_damaged(void **state)
{
	(void)state;
	pcap_test_write(0xa1b2c3d4, 113, 0);
	pcap_test_expect_error(1, "link type is 113, not Ethernet (1)");
	pcap_test_write(0x0a0d0d0a, 1, 0);
	pcap_test_expect_error(1, "is pcapng; convert it: editcap -F pcap OLD NEW");
	pcap_test_write(0x12345678, 1, 0);
	pcap_test_expect_error(1, "is not a pcap file");
	pcap_test_write(0xa1b2c3d4, 1, 0);
	assert_int_equal(truncate(pcap_test_path, 24 + 16 + 59), 0);
	pcap_test_expect_error(1, "ends within packet 1");
	assert_int_equal(truncate(pcap_test_path, 24 + 15), 0);
	pcap_test_expect_error(1, "has only 0 packets, not 1");
	assert_int_equal(truncate(pcap_test_path, 23), 0);
	pcap_test_expect_error(1, "is not a pcap file");
	assert_int_equal(truncate(pcap_test_path, 0), 0);
	pcap_test_expect_error(1, "is not a pcap file");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_weftctl_pcap_formats),
		cmocka_unit_test(test_weftctl_pcap_damaged),
	};

	return cmocka_run_group_tests(tests, pcap_test_setup, pcap_test_teardown);
}
