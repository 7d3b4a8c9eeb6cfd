/* SPDX-License-Identifier: MIT
 *
 * What the corners of the diamond export.
 */
#ifndef DIAMOND_H
#define DIAMOND_H

unsigned diamond_base_level(void);
unsigned diamond_left_level(void);
unsigned diamond_right_level(void);

#endif
