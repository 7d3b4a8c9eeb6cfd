/* SPDX-License-Identifier: MIT
 *
 * What the links of the chain export to one another.
 */
#ifndef CHAIN_H
#define CHAIN_H

int chain_a_value(int x); /* x + 1 */
int chain_b_value(int x); /* 2 × chain_a_value(x) */
extern int (*const chain_b_callback)(int x); /* = chain_a_value: imported data */

#endif
