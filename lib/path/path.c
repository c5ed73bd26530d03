/* SPDX-License-Identifier: BSD-3-Clause */
#include "path/path.h"

#include "path/drop.h"

static const struct {
	const char *name, *says;
} path_stages[] = {
#define STAGE(stage, sentence) { #stage, sentence },
	WEFT_PATH(STAGE)
#undef STAGE
};

const struct weft_drop_text weft_drop_texts[] = { { "", "", "" },
#define DROP(name, stage, word, sentence) { stage, word, sentence },
						  WEFT_DROPS(DROP)
#undef DROP
};

const char *
weft_stage_name(enum weft_stage stage)
{
	return path_stages[stage].name;
}

const char *
weft_stage_sentence(enum weft_stage stage)
{
	return path_stages[stage].says;
}
