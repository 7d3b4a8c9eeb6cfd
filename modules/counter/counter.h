/* SPDX-License-Identifier: MIT
 *
 * The state that module counter exports and others change.
 */
#ifndef COUNTER_H
#define COUNTER_H

extern int counter_value;

#endif
