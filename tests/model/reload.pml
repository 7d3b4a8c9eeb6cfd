/* SPDX-License-Identifier: MIT
 *
 * A model of replacing a module, for three CPUs: two call, one replaces. Gate, drain,
 * switch and roll-back are as in loader/gate.c, port.c and reload_switch.c; every
 * access to memory that others change is a step of its own.
 *
 * Claimed, by assertions and by the absence of invalid end states: no call runs code
 * that was freed; every call is answered, once, by one instance; the count that the
 * instances hand on misses none and has none twice; nobody waits for ever.
 *
 * BROKEN makes it wrong, and spin must say so: 1: it is looked who is inside before
 * the gate is closed; 2: callers look at the gate before they are counted; 3: who is
 * inside already waits at the gate like everybody; 4: the old one is freed before
 * probation ends. DEADLINE lets a drain give up, as the real one may.
 */
#ifndef BROKEN
#define BROKEN 0
#endif
#define CALLS 2 /* of each caller */
#ifdef DEADLINE
#define INSTANCES 2 /* one at first, one a reload: none is used again */
#else
#define INSTANCES 3
#endif

byte bound = 0; /* what the port of the module is bound to */
byte site = 0; /* where a dependent's call instruction leads */
bool freed[INSTANCES];
bool shut = false; /* the gates of the module and of its dependent: closed as one */
byte inside_module, inside_dependent; /* the counts that gates keep */
byte count[INSTANCES]; /* the state of each instance */
byte answered; /* calls, by the callers' own counting */
byte taken_back; /* of these, what a roll-back took out of the state again */
byte ended;

/* The code of an instance: it must be there from its first to its last instruction. */
inline execute(instance)
{
	assert(!freed[instance]);
	count[instance]++;
	assert(!freed[instance]);
}

/* Through the gate that `inside` counts for. `insider`: the caller is inside already. */
inline enter(inside, insider)
{
#if BROKEN == 2
	(!shut || insider);
	inside++;
#else
	do
	:: inside++;
	   if
#if BROKEN == 3
	   :: !shut -> break
	   :: else -> inside--; !shut
#else
	   :: !shut || insider -> break
	   :: else -> inside--; !shut
#endif
	   fi
	od
#endif
}

/* A call of the module's interface. */
inline call_interface(insider, target)
{
	enter(inside_module, insider);
	target = bound;
	execute(target);
	inside_module--;
}

proctype caller()
{
	byte left = CALLS, target, other;

	do
	:: left == 0 -> break
	:: left > 0 ->
		left--;
		if
		:: call_interface(false, target);
		   answered++
		:: /* a request to the dependent, which calls straight … */
		   enter(inside_dependent, false);
		   target = site;
		   execute(target);
		   answered++;
		   if
		   :: /* … and through the interface, from inside */
		      call_interface(true, other);
		      answered++;
#ifndef DEADLINE
		      assert(other == target)
#endif
		   :: skip
		   fi;
		   inside_dependent--
		fi;
		d_step {
			target = 0; /* what is over makes no state of its own */
			other = 0
		}
	od;
	ended++
}

bool quiet;

/* One count is looked at after the other: others move on in between. */
inline look()
{
	quiet = (inside_module == 0);
	if
	:: quiet -> quiet = (inside_dependent == 0)
	:: else
	fi
}

inline drain()
{
	do
	:: look();
	   if
	   :: quiet -> break
	   :: !quiet ->
#ifdef DEADLINE
	      if
	      :: skip
	      :: break
	      fi
#else
	      (inside_module == 0 && inside_dependent == 0)
#endif
	   fi
	od
}

/* All other CPUs stand still: nobody sees the one without the other. */
inline switch_to(instance)
{
	d_step {
		bound = instance;
		site = instance
	}
}

proctype reloader()
{
	byte old = 0, new = 1;

	do
	:: new == INSTANCES -> break
	:: new < INSTANCES ->
#if BROKEN == 1
		drain();
		shut = true;
#else
		shut = true;
		drain();
#endif
		if
		:: quiet ->
			count[new] = count[old];
			switch_to(new);
			shut = false;
#if BROKEN == 4
			freed[old] = true;
#endif
			if
			:: /* it proves itself */
			   freed[old] = true;
			   old = new
			:: /* it is ill: back, whoever is still inside of it */
			   shut = true;
			   drain();
			   switch_to(old);
			   d_step {
				taken_back = taken_back + count[new] - count[old]
			   };
			   shut = false;
			   if
			   :: quiet -> freed[new] = true
			   :: else -> /* it stays in memory, for who does not come out */
			      break
			   fi
			fi
		:: else -> /* they do not come out: nothing has happened */
			shut = false;
			freed[new] = true
		fi;
		new++
	od;
	ended++;
	/* At the end: everybody was answered, and the state says how often. */
	(ended == 3);
#ifndef DEADLINE /* who never came out of what was taken back counts there */
	assert(count[bound] + taken_back == answered);
#endif
	assert(bound == site && !freed[bound])
}

init {
	atomic {
		run caller();
		run caller();
		run reloader()
	}
}
