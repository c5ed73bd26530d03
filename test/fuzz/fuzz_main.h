/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What a fuzzer is made of: one input, and seeds to begin with.
 *
 * A fuzzer is a program in two forms. With clang, libFuzzer calls it and looks which inputs get
 * somewhere new (devtools/fuzz.sh). With any compiler it has a main() of its own that changes seeds
 * at random for some seconds: `fuzz_path SECONDS [FILE...]`; files are run once, as they are. CI does
 * that with sanitizers.
 *
 *	FUZZ_SEEDS=FOLDER fuzz_path	writes the seeds into a folder and ends
 */
#ifndef TEST_FUZZ_FUZZ_MAIN_H
#define TEST_FUZZ_FUZZ_MAIN_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define FUZZ_LONGEST 16384

/** Runs one input. Bad is what sanitizers, or an assertion, complain of. */
static void fuzz_run(const uint8_t *data, size_t bytes);

/** Before the first input. */
static void fuzz_begin(void);

/** @return bytes of the seed with this number in @p into, or 0 if there is none */
static size_t fuzz_seed(size_t number, uint8_t *into);

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
	fuzz_run(data, bytes);
	return 0;
}

static inline void
fuzz_write_seeds(const char *folder)
{
	static uint8_t seed[FUZZ_LONGEST];
	char path[4096];
	size_t bytes;

	for (size_t i = 0; (bytes = fuzz_seed(i, seed)) > 0; i++) {
		FILE *file;

		snprintf(path, sizeof(path), "%s/seed-%zu", folder, i);
		file = fopen(path, "w");
		if (file == NULL || fwrite(seed, 1, bytes, file) != bytes)
			exit(2);
		fclose(file);
	}
	exit(0);
}

int
LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	fuzz_begin();
	if (getenv("FUZZ_SEEDS") != NULL)
		fuzz_write_seeds(getenv("FUZZ_SEEDS"));
	return 0;
}

#ifndef FUZZ_WITH_LIBFUZZER

static uint64_t fuzz_dice = 88172645463325252ull;

static inline uint32_t
fuzz_random(size_t below)
{
	fuzz_dice ^= fuzz_dice << 13;
	fuzz_dice ^= fuzz_dice >> 7;
	fuzz_dice ^= fuzz_dice << 17;
	return (uint32_t)((fuzz_dice >> 11) % below);
}

/* One small change: a byte, a border, a piece gone, doubled, or moved. */
static inline size_t
fuzz_change(uint8_t *data, size_t bytes)
{
	static const uint8_t borders[] = { 0, 1, 0x7f, 0x80, 0xff };
	size_t at = fuzz_random(bytes), n = 1 + fuzz_random(8);

	if (at + n > bytes)
		n = bytes - at;
	switch (fuzz_random(5)) {
	case 0:
		data[at] = (uint8_t)fuzz_random(256);
		return bytes;
	case 1:
		data[at] = borders[fuzz_random(sizeof(borders))];
		return bytes;
	case 2:
		data[at] ^= (uint8_t)(1u << fuzz_random(8));
		return bytes;
	case 3:
		if (n == bytes)
			return bytes;
		memmove(data + at, data + at + n, bytes - at - n);
		return bytes - n;
	default:
		if (bytes + n > FUZZ_LONGEST)
			return bytes;
		memmove(data + at + n, data + at, bytes - at);
		return bytes + n;
	}
}

static inline void
fuzz_run_file(const char *path)
{
	static uint8_t data[FUZZ_LONGEST];
	FILE *file = fopen(path, "r");
	size_t bytes;

	if (file == NULL) {
		fprintf(stderr, "%s cannot be read\n", path);
		exit(2);
	}
	bytes = fread(data, 1, sizeof(data), file);
	fclose(file);
	fuzz_run(data, bytes);
}

int
main(int argc, char **argv)
{
	static uint8_t data[FUZZ_LONGEST];
	time_t end = time(NULL) + (argc > 1 ? atoi(argv[1]) : 1);
	size_t n_seeds = 0, bytes;
	uint64_t runs = 0;

	LLVMFuzzerInitialize(&argc, &argv);
	for (int i = 2; i < argc; i++)
		fuzz_run_file(argv[i]);
	while ((bytes = fuzz_seed(n_seeds, data)) > 0) {
		fuzz_run(data, bytes);
		n_seeds++;
	}
	while (time(NULL) < end) {
		bytes = fuzz_seed(fuzz_random(n_seeds), data);
		for (uint32_t i = 1 + fuzz_random(8); i > 0 && bytes > 0; i--)
			bytes = fuzz_change(data, bytes);
		fuzz_run(data, bytes);
		runs++;
	}
	printf("%zu seeds, %llu inputs\n", n_seeds, (unsigned long long)runs);
	return 0;
}

#endif
#endif
