/* SPDX-License-Identifier: MIT
 *
 * SSE and x87 registers belong to the thread that is between fpu_begin and
 * fpu_end, and are kept for it while others run; other threads have none, and
 * their switches cost nothing more. AVX is not enabled, so FXSAVE keeps all.
 */
#include "kernel/sched/internal.h"

#define MXCSR_MASKED 0x1f80u /* all exceptions masked: the state after reset */

void fpu_leave(struct thread *thread)
{
	if (thread->fpu_depth)
		__asm__ volatile("fxsaveq %0" : "=m"(thread->fpu));
}

void fpu_enter(struct thread *thread)
{
	if (thread->fpu_depth)
		__asm__ volatile("fxrstorq %0" : : "m"(thread->fpu));
}

/* A switch between the two steps keeps or loads registers nobody looks at. */
void fpu_begin(void)
{
	uint32_t mxcsr = MXCSR_MASKED;

	if (thread_current()->fpu_depth++)
		return;
	__asm__ volatile("fninit; ldmxcsr %0" : : "m"(mxcsr));
}

void fpu_end(void)
{
	thread_current()->fpu_depth--;
}
