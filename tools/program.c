/* SPDX-License-Identifier: MIT
 *
 * Other programs, and what must happen when this one is told to stop. A
 * handler only takes a note and passes the signal on; the program ends where
 * stop_if_told stands, through exit, which removes the temporary folder.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <ftw.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tools/tool.h"

extern char **environ;

static const int signals[] = { SIGINT, SIGTERM, SIGHUP };
#define SIGNALS (sizeof signals / sizeof signals[0])

static volatile sig_atomic_t stopped; /* the signal's number */
static volatile pid_t child; /* the program that is waited for, or 0 */

static void on_signal(int number)
{
	stopped = number;
	if (child > 0)
		kill(child, number);
}

void watch_signals(void)
{
	static bool watching;
	struct sigaction action = { .sa_handler = on_signal }, before;

	if (watching)
		return;
	watching = true;
	for (size_t i = 0; i < SIGNALS; i++)
		if (!sigaction(signals[i], NULL, &before) && before.sa_handler != SIG_IGN)
			sigaction(signals[i], &action, NULL);
}

bool told_to_stop(void)
{
	return stopped;
}

void stop_if_told(void)
{
	if (stopped)
		exit(128 + stopped);
}

/* ---- programs ----------------------------------------------------------------- */

/* The child is known before a signal can come; it starts with the old mask. */
static int spawn(const char *const *argv)
{
	posix_spawnattr_t attributes;
	sigset_t block, before;
	pid_t pid = 0;
	int error;

	sigemptyset(&block);
	for (size_t i = 0; i < SIGNALS; i++)
		sigaddset(&block, signals[i]);
	error = posix_spawnattr_init(&attributes);
	if (error)
		return error;
	sigprocmask(SIG_BLOCK, &block, &before);
	posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK);
	posix_spawnattr_setsigmask(&attributes, &before);
	error = stopped ? EINTR :
			  posix_spawnp(&pid, argv[0], NULL, &attributes, (char *const *)argv, environ);
	if (!error)
		child = pid;
	sigprocmask(SIG_SETMASK, &before, NULL);
	posix_spawnattr_destroy(&attributes);
	return error;
}

int run_program(const char *const *argv)
{
	int status = 0, error;
	pid_t done;

	fflush(stdout);
	error = spawn(argv);
	stop_if_told();
	if (error) {
		refuse(argv[0], "cannot be run: %s", strerror(error));
		return 127;
	}
	while ((done = waitpid(child, &status, 0)) < 0 && errno == EINTR)
		;
	child = 0;
	stop_if_told();
	if (done > 0 && WIFEXITED(status))
		return WEXITSTATUS(status);
	refuse(argv[0], "ended by signal %d", WTERMSIG(status));
	return 127;
}

/* ---- the temporary folder ------------------------------------------------------- */

static char folder[4096];

static int remove_entry(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

static void remove_folder(void)
{
	nftw(folder, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
}

const char *temporary_folder(void)
{
	const char *base = getenv("TMPDIR");
	int n;

	if (folder[0])
		return folder;
	watch_signals();
	n = snprintf(folder, sizeof folder, "%s/hmod.XXXXXX", base && *base ? base : "/tmp");
	if (n >= (int)sizeof folder || !mkdtemp(folder)) {
		refuse(base && *base ? base : "/tmp", "no temporary folder can be made: %s",
		       strerror(n >= (int)sizeof folder ? ENAMETOOLONG : errno));
		folder[0] = 0;
		return NULL;
	}
	atexit(remove_folder);
	return folder;
}
