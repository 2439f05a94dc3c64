/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once
#include <stdint.h>

/* The letter that /proc/PID/stat has for task->__state and task->exit_state: fs/proc/array.c, sched.h. */
char dn_process_state(uint32_t state, uint32_t exit_state);
