// Hooks on functions of libc whose first look is in C: only a call that matters reaches JavaScript. The
// runtime itself opens files and talks to its daemons while it holds locks that our own code may wait for;
// such calls must never wait for us.

import Java from "./bridge.js";
import * as stacks from "./stacks.js";
import { fault } from "./state.js";

const SOURCE = `
#include <gum/guminterceptor.h>
#include <string.h>

#define TEXT 512
#define ADDRESS 28
#define NUMBERS 512

typedef struct { char bytes[TEXT]; int size; int which; } Call;

extern int count;               /* patterns */
extern const char **patterns;
extern const int *lengths;      /* of a pattern; negative: the whole text must be it */
extern const short *calls;      /* by number of a system call: what it is like, and which row it belongs to */
extern void seen (int function, const char *bytes, int size, int result, int error, void *from);

static int
wanted (const char *text)
{
  for (int i = 0; i != count; i++) {
    int n = lengths[i];
    if (n < 0 ? strcmp (text, patterns[i]) == 0 : strncmp (text, patterns[i], n) == 0)
      return 1;
  }
  return 0;
}

static void
begin (GumInvocationContext *ic, const void *bytes, int size)
{
  Call *call = GUM_IC_GET_INVOCATION_DATA (ic, Call);
  call->size = size;
  call->which = 0;
  if (size > 0)
    memcpy (call->bytes, bytes, size);
}

/* The argument at this place is a text. */
static void
on_text (GumInvocationContext *ic, int place)
{
  const char *text = gum_invocation_context_get_nth_argument (ic, place);
  int size = 0;
  if (text != NULL && wanted (text)) {
    while (size != TEXT && text[size] != 0)
      size++;
  }
  begin (ic, text, size);
}

void text_at_0 (GumInvocationContext *ic) { on_text (ic, 0); }
void text_at_1 (GumInvocationContext *ic) { on_text (ic, 1); }

/* The last words of a command may tell what its first does not: all of it goes to JavaScript. */
void
command (GumInvocationContext *ic)
{
  const char *text = gum_invocation_context_get_nth_argument (ic, 0);
  int size = 0;
  while (text != NULL && size != TEXT && text[size] != 0)
    size++;
  begin (ic, text, size);
}

/* int connect (int fd, const struct sockaddr *address, socklen_t size): of the internet only. */
void
on_connect (GumInvocationContext *ic)
{
  int fd = (int) (size_t) gum_invocation_context_get_nth_argument (ic, 0);
  const char *address = gum_invocation_context_get_nth_argument (ic, 1);
  unsigned int size = (unsigned int) (size_t) gum_invocation_context_get_nth_argument (ic, 2);
  int family = address == NULL || size < 16 ? 0 : *(const unsigned short *) address;
  if (family != 2 && !(family == 10 && size >= ADDRESS)) {
    begin (ic, NULL, 0);
    return;
  }
  int length = family == 2 ? 16 : ADDRESS;
  begin (ic, address, length);
  memcpy (GUM_IC_GET_INVOCATION_DATA (ic, Call)->bytes + length, &fd, 4);
  GUM_IC_GET_INVOCATION_DATA (ic, Call)->size = length + 4;
}

/* int ioctl (int fd, unsigned long request, ...): SIOCGIFHWADDR. */
static void
on_request (GumInvocationContext *ic, int place)
{
  int hit = (unsigned int) (size_t) gum_invocation_context_get_nth_argument (ic, place) == 0x8927;
  begin (ic, "0x8927", hit ? 6 : 0);
}

void on_ioctl (GumInvocationContext *ic) { on_request (ic, 1); }

/* ssize_t sendto (int fd, const void *message, size_t size, ...): netlink's RTM_GETLINK and RTM_GETNEIGH,
   which are whole messages of their own length with NLM_F_REQUEST. */
static void
on_message (GumInvocationContext *ic, int place)
{
  const char *bytes = gum_invocation_context_get_nth_argument (ic, place);
  size_t size = (size_t) gum_invocation_context_get_nth_argument (ic, place + 1);
  int hit = bytes != NULL && size >= 16 && size < 4096 && *(const unsigned int *) bytes == (unsigned int) size
      && (*(const unsigned short *) (bytes + 6) & 1) != 0;
  int type = hit ? *(const unsigned short *) (bytes + 4) : 0;
  begin (ic, type == 18 ? "RTM_GETLINK" : "RTM_GETNEIGH", type == 18 ? 11 : type == 30 ? 12 : 0);
}

void on_send (GumInvocationContext *ic) { on_message (ic, 1); }

/* long syscall (long number, ...): as the function of libc that makes the same call. */
void
on_number (GumInvocationContext *ic)
{
  size_t number = (size_t) gum_invocation_context_get_nth_argument (ic, 0);
  int known = number < NUMBERS ? calls[number] : 0;
  switch (known & 7) {
    case 1: case 2: on_text (ic, known & 7); break;
    case 3: on_request (ic, 2); break;
    case 4: on_message (ic, 2); break;
    default: begin (ic, NULL, 0);
  }
  GUM_IC_GET_INVOCATION_DATA (ic, Call)->which = known >> 3;
}

/* jfieldID GetStaticFieldID (JNIEnv *env, jclass class, const char *name, const char *type) */
void
on_field (GumInvocationContext *ic)
{
  const char *name = gum_invocation_context_get_nth_argument (ic, 2);
  const void *class = gum_invocation_context_get_nth_argument (ic, 1);
  int size = name != NULL && wanted (name) ? strlen (name) : 0;
  begin (ic, name, size < 64 ? size : 0);
  Call *call = GUM_IC_GET_INVOCATION_DATA (ic, Call);
  if (call->size != 0) {
    memcpy (call->bytes + size, &class, sizeof class);
    call->size = size + sizeof class;
  }
}

static void
done (GumInvocationContext *ic, int result)
{
  Call *call = GUM_IC_GET_INVOCATION_DATA (ic, Call);
  if (call->size != 0)
    seen ((int) (size_t) gum_invocation_context_get_listener_function_data (ic) + call->which, call->bytes,
        call->size, result, ic->system_error, gum_invocation_context_get_return_address (ic));
}

/* Fails with a negative number. */
void after_number (GumInvocationContext *ic)
{ done (ic, (int) (size_t) gum_invocation_context_get_return_value (ic)); }

/* Fails with any number but 0. */
void after_zero (GumInvocationContext *ic)
{ done (ic, (int) (size_t) gum_invocation_context_get_return_value (ic) != 0 ? -1 : 0); }

/* Fails with NULL. */
void after_pointer (GumInvocationContext *ic)
{ done (ic, gum_invocation_context_get_return_value (ic) == NULL ? -1 : 0); }
`;

const SYSTEM = /^\/(system|system_ext|apex|vendor|product|odm|lib|lib64|usr)\//;
const keep = []; // what C points to
const handlers = [];
const attached = new Set();
let code = null;

// What is known of a system call: `place` of the name among its arguments, or one of these two.
export const REQUEST = 3;
export const MESSAGE = 4;

// `patterns`: [text, whether the whole text must be it]; `numbers`: system call → [place, which handler].
export function prepare(patterns, numbers) {
  const texts = patterns.map(([text]) => Memory.allocUtf8String(text));
  const list = Memory.alloc(Process.pointerSize * (texts.length + 1));
  const lengths = Memory.alloc(4 * (texts.length + 1));
  texts.forEach((text, i) => {
    list.add(i * Process.pointerSize).writePointer(text);
    lengths.add(i * 4).writeInt(patterns[i][1] ? -1 : patterns[i][0].length);
  });
  const cell = (size) => Memory.alloc(size);
  const [count, first, second] = [cell(4), cell(8), cell(8)];
  count.writeInt(texts.length);
  first.writePointer(list);
  second.writePointer(lengths);
  const [calls, table] = [cell(8), Memory.alloc(2 * 512)];
  for (const [number, [place, which]] of numbers) table.add(2 * number).writeShort(place | (which << 3));
  calls.writePointer(table);
  const seen = new NativeCallback(arrived, "void", ["int", "pointer", "int", "int", "int", "pointer"]);
  keep.push(texts, list, lengths, count, first, second, calls, table, seen);
  code = new CModule(SOURCE, { count, patterns: first, lengths: second, calls, seen });
}

function arrived(number, bytes, size, result, error, from) {
  try {
    if (Cloak.hasRangeContaining(from)) return; // what Frida itself reads of this process
    handlers[number](bytes, size, result, error, from);
  } catch (failure) {
    fault("native", failure);
  }
}

// Once an address. A handler gets (bytes, size, result, error number, return address); of several, the first
// look tells which.
export function attachAt(address, before, after, ...given) {
  if (attached.has(address.toString())) return;
  Interceptor.attach(address, { onEnter: code[before], onLeave: code[after] }, ptr(handlers.length));
  handlers.push(...given);
  attached.add(address.toString());
}

// Attaches to every name that exists; returns the names that do.
export function attach(names, before, after, ...given) {
  return names.filter((name) => {
    const address = Module.findGlobalExportByName(name);
    if (address !== null) attachAt(address, before, after, ...given);
    return address !== null;
  });
}

// Whose stack it is: the library that called, then the Java frames where the thread runs any.
export function nativeStack(row, thread, from, symbol) {
  const module = Process.findModuleByAddress(from);
  const name = module === null ? "unknown" : module.name.replace(/[^\w.-]/g, "_");
  const place = module !== null && SYSTEM.test(module.path) ? "system" : "app";
  const frame = "native." + name.slice(0, 100) + "." + symbol + "(" + place + ")";
  const env = Java.available ? Java.vm.tryGetEnv() : null;
  const java = env !== null && env.exceptionOccurred().isNull();
  return stacks.take(row, thread, frame, java);
}

export function moduleOf(address) {
  const found = Process.findModuleByAddress(address);
  return found === null ? "" : found.name.slice(0, 200);
}
