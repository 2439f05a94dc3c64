/* SPDX-License-Identifier: GPL-3.0-or-later
 * What can be measured on this machine. */
#pragma once

/* How /proc hides others' processes from this user: 1, 2 or 4, as in proc(5); 0: it does not, or nobody knows. */
int dn_doctor_hidepid(void);
