/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Random numbers that are the same in every run, so that what fails once fails again.
 */
#ifndef TEST_UNIT_DICE_HELPER_H
#define TEST_UNIT_DICE_HELPER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct dice {
	uint64_t state;
};

/** splitmix64: any seed is a good one. */
static inline uint64_t
dice_roll(struct dice *dice)
{
	uint64_t mixed = dice->state += 0x9e3779b97f4a7c15;

	mixed = (mixed ^ mixed >> 30) * 0xbf58476d1ce4e5b9;
	mixed = (mixed ^ mixed >> 27) * 0x94d049bb133111eb;
	return mixed ^ mixed >> 31;
}

/** 0 .. n - 1 */
static inline uint32_t
dice_below(struct dice *dice, uint32_t n)
{
	return (uint32_t)(dice_roll(dice) % n);
}

/** True once in @p n rolls. */
static inline bool
dice_once_in(struct dice *dice, uint32_t n)
{
	return dice_below(dice, n) == 0;
}

static inline void
dice_fill(struct dice *dice, void *memory, size_t bytes)
{
	for (size_t i = 0; i < bytes; i++)
		((uint8_t *)memory)[i] = (uint8_t)dice_roll(dice);
}

#endif
