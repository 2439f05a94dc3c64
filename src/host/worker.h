/* SPDX-License-Identifier: GPL-3.0-or-later
 * A thread for what may take long, as a driver's answer may: it has one job, and does a round of it when told to. What
 * the job works on belongs to the thread as long as a round goes on, and to the caller else. */
#pragma once
#include <stdbool.h>

struct dn_worker;

/* Starts the thread, idle and with all signals blocked. `round` is called in it; `end` once, in whatever thread, when
 * no round goes on and none will: it frees `job`. 0; -ENOMEM, -EAGAIN: `end` is then not called. */
int dn_worker_start(struct dn_worker **ret_worker, void (*round)(void *job), void (*end)(void *job), void *job);

bool dn_worker_is_idle(struct dn_worker *w);
void dn_worker_go(struct dn_worker *w);                   /* a round; it must be idle */
bool dn_worker_wait(struct dn_worker *w, int timeout_ms); /* until it is idle; false: it is not */

/* Ends it. One that stays busy for longer than this is left behind, and ends when its round does. */
void dn_worker_stop(struct dn_worker *w, int timeout_ms);
