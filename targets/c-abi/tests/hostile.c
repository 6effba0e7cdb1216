/* A C programmer who reads no documentation: random sequences of calls, with arguments that are null, misaligned, too
 * small, stale or nonsense, also from inside host functions. Whatever is asked, an answer comes, and nothing outside of
 * the arenas changes. What no library can survive is left out: memory that is not there, and two things in one arena
 * while one of them runs.
 *
 *   hostile SEED ROUNDS    so many calls, by chance
 *   hostile FILE           the calls that the bytes of a file stand for
 *
 * The fuzz target `c_abi` compiles this file too, with HOSTILE_FUZZED, and calls `hostile_fuzz`.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mog.h"

#define INSTANCES 4
#define WORDS 700
#define GUARD 0x5afe5afe5afe5afeu

/* Each arena, snapshot and instance lies between guards. */
static struct guarded {
  uint64_t before[4];
  uint64_t arena[WORDS];
  uint64_t between[4];
  mog_instance vm;
  uint64_t after[4];
} places[INSTANCES];

static mog_module modules[2];
/* The program's module, and a copy that may be damaged. */
static uint64_t module_words[2048], copy_of_module[2048];
static size_t module_size;
static unsigned char saved[16384];
static size_t saved_size;
static mog_value last;
/* Values that were read, good or stale. */
static mog_value known[8];
static int nesting;
/* What was read, so that it is read. */
static volatile unsigned touched;

static unsigned long seen[80];
static uint64_t state;
/* Chance comes from these bytes, if they are given, until they end. */
static const uint8_t *input;
static size_t input_left;

static uint32_t dice(uint32_t sides) {
  if (input != NULL) {
    uint32_t number = 0, reach;
    for (reach = 1; reach < sides && input_left > 0; reach <<= 8, input_left--) {
      number = number << 8 | *input++;
    }
    return number % sides;
  }
  state ^= state << 13;
  state ^= state >> 7;
  state ^= state << 17;
  return (uint32_t)(state >> 33) % sides;
}

static mog_status note(mog_status status) {
  if (status < 0 || status > 66) {
    printf("a status that there is not: %d\n", (int)status);
    exit(1);
  }
  seen[status]++;
  return status;
}

static const char *name(void) {
  static const char *const names[] = {"echo", "sum", "floats", "grow", "tasks", "wait", "risky",
                                      "spin", "main", "",    "ask",  "echo ", "\xff", NULL,
                                      "build", "visits"};
  return names[dice(sizeof names / sizeof *names)];
}

/* What items are made of; the lists and maps in it have more of it as their own. */
static mog_value pool[24];

static mog_value value(void) {
  static const int64_t numbers[] = {0, 1, -1, 2, 7, INT64_MAX, INT64_MIN, 12, 1000};
  static const int64_t ints[] = {1, -5, INT64_MAX, 3};
  static const float floats[] = {0.5f, -1e30f, 3};
  static const char *const texts[] = {"", "a", "h\xc3\xa9", "a text that is not short any more, is it?", "\xc3", "b:c"};
  mog_value strange;
  switch (dice(17)) {
    case 0: return mog_none();
    case 1: return mog_bool((int)dice(3));
    case 2:
    case 3:
    case 4: return mog_int(numbers[dice(9)]);
    case 5: return mog_float(1.5);
    case 6:
    case 7: return mog_string(texts[dice(6)]);
    case 8: return mog_array(ints, dice(sizeof ints + 1));
    case 9: return mog_array(floats, dice(sizeof floats + 1));
    case 10: return last; /* perhaps from long ago */
    case 11:
    case 12: return known[dice(8)];
    case 13: /* One that somebody made up. */
      strange = known[dice(8)];
      if (strange.type >= MOG_STRUCT && strange.type <= MOG_ENUM) {
        strange.as.handle.opaque[dice(4)] ^= 1u << dice(32);
        if (dice(3) == 0) strange.type = MOG_STRUCT + dice(4);
      }
      return strange;
    case 14: return mog_items(dice(20) ? pool + dice(12) : NULL, dice(12));
    case 15: return mog_case(dice(5), pool + dice(20), dice(4));
    case 16: return mog_entries(pool + dice(12), dice(6));
    default:
      strange = mog_int(0);
      strange.type = dice(3) ? dice(16) : 0xffffffffu;
      memset(&strange.as, 0, sizeof strange.as);
      /* A null text of some length; no length is as large as a null pointer is wrong. */
      strange.as.text.data = NULL;
      strange.as.text.size = dice(2) ? 3 : 0;
      return strange;
  }
}

/* Values of the types that the program has, or nearly. */
static mog_value point(mog_value to[2]) {
  to[0] = dice(20) ? mog_float(dice(4)) : value();
  to[1] = mog_float(0.5);
  return mog_items(to, dice(20) ? 2 : 1);
}

typedef struct shape_parts {
  mog_value point[2], payload[2];
} shape_parts;

static mog_value shape(shape_parts *to) {
  switch (dice(4)) {
    case 0: return mog_case(0, NULL, 0);
    case 1:
      to->payload[0] = point(to->point);
      to->payload[1] = mog_float(2);
      return mog_case(1, to->payload, 2);
    case 2: to->payload[0] = dice(4) ? mog_string("a name") : value(); return mog_case(2, to->payload, 1);
    default: return dice(4) ? known[dice(8)] : value();
  }
}

typedef struct thing_parts {
  shape_parts shape, noted;
  mog_value point[2], entries[4], fields[6];
} thing_parts;

static mog_value thing(thing_parts *to) {
  static const int64_t ints[] = {1, -5, INT64_MAX, 3};
  to->entries[0] = mog_string("key");
  to->entries[1] = shape(&to->noted);
  to->entries[2] = mog_string(dice(2) ? "key" : "other");
  to->entries[3] = shape(&to->noted);
  to->fields[0] = dice(9) ? mog_string("thing") : known[dice(8)];
  to->fields[1] = shape(&to->shape);
  to->fields[2] = dice(2) ? mog_none() : point(to->point);
  to->fields[3] = mog_array(ints, dice(5) * 8);
  to->fields[4] = mog_items(known, dice(9) ? 0 : dice(3));
  to->fields[5] = mog_entries(to->entries, dice(3));
  return dice(12) ? mog_items(to->fields, 6) : value();
}

/* Reads all that a value has, or some of it. */
static void read_all(mog_instance *vm, mog_value from, int depth) {
  mog_value item = mog_none(), key;
  mog_text text;
  uint32_t number;
  size_t length = 0, position = 0, i;
  known[dice(8)] = from;
  if (from.type == MOG_STRING && from.as.text.size > 0) touched += (unsigned char)from.as.text.data[from.as.text.size - 1];
  if (from.type == MOG_ARRAY && from.as.bytes.size > 0) touched += ((const unsigned char *)from.as.bytes.data)[from.as.bytes.size - 1];
  if (depth == 0) return;
  if (note(mog_length(vm, from, &length)) != MOG_OK) return;
  if (from.type == MOG_ENUM) note(mog_variant(vm, from, dice(2) ? &number : NULL, dice(2) ? &text : NULL));
  if (from.type == MOG_MAP) {
    while (note(mog_entry(vm, from, &position, &key, &item)) == MOG_OK && dice(9)) {
      read_all(vm, key, 0);
      read_all(vm, item, depth - 1);
    }
    return;
  }
  for (i = dice(2); i < length && i < 8; i++) {
    if (note(mog_item(vm, from, i, &item)) == MOG_OK) read_all(vm, item, depth - 1);
  }
  if (from.type == MOG_STRUCT && note(mog_field(vm, from, dice(2) ? "at" : "x", &item)) == MOG_OK) known[dice(8)] = item;
}

/* One call that reads or makes values. */
static void look(mog_instance *vm) {
  static const char *const fields[] = {"name", "shape", "x", "", "parts", "\xff", NULL};
  mog_value from = value(), item, key, args[3];
  mog_text text;
  uint32_t number;
  size_t length = 0, i;
  switch (dice(9)) {
    case 0: note(mog_length(vm, from, dice(9) ? &length : NULL)); break;
    case 1: if (note(mog_item(vm, from, dice(9) ? dice(4) : SIZE_MAX, dice(9) ? &item : NULL)) == MOG_OK && dice(2)) known[dice(8)] = item; break;
    case 2: note(mog_field(vm, from, fields[dice(7)], dice(9) ? &item : NULL)); break;
    case 3:
      length = dice(3) ? dice(5) : SIZE_MAX;
      note(mog_entry(vm, from, dice(9) ? &length : NULL, dice(9) ? &key : NULL, dice(9) ? &item : NULL));
      break;
    case 4: note(mog_variant(vm, from, dice(9) ? &number : NULL, dice(9) ? &text : NULL)); break;
    case 5: if (note(mog_answer(vm, dice(9) ? &item : NULL)) == MOG_OK) read_all(vm, item, 3); break;
    case 6: note(mog_reserve(vm, dice(9) ? dice(2000) : SIZE_MAX - dice(9))); break;
    case 7:
      for (i = 0; i < 3; i++) args[i] = value();
      note(mog_call_back(vm, dice(5), dice(9), dice(20) ? args : NULL, dice(4)));
      break;
    default: pool[dice(24)] = value();
  }
}

static mog_status anything(mog_instance *vm, const mog_value *args, void *user);

static mog_status echo(mog_instance *vm, const mog_value *args, void *user) {
  mog_text text = args[0].as.text;
  size_t from, to;
  /* The arena was damaged below. */
  if (args[0].type != MOG_STRING) return text.size == 0 ? note(mog_fail(vm, "no text")) : 4711;
  if (dice(4) == 0) return anything(vm, args, user);
  from = dice((uint32_t)text.size + 1);
  to = from + dice((uint32_t)(text.size - from) + 1);
  return note(mog_return(vm, mog_string_of(text.data + from, to - from)));
}

static mog_status made(mog_instance *vm, const mog_value *args, void *user) {
  thing_parts parts;
  if (dice(6) == 0) return anything(vm, args, user);
  return note(mog_return(vm, thing(&parts)));
}

static mog_status passed(mog_instance *vm, const mog_value *args, void *user) {
  mog_value fields[6];
  size_t i;
  if (dice(6) == 0) return anything(vm, args, user);
  for (i = 0; i < 4; i++) read_all(vm, args[i], (int)dice(4));
  if (dice(4) == 0) return note(mog_return(vm, args[0]));
  if (dice(4)) note(mog_reserve(vm, dice(4000)));
  for (i = 0; i < 6; i++) {
    if (note(mog_item(vm, args[0], i, &fields[i])) != MOG_OK) return anything(vm, args, user);
    if (dice(9) == 0) fields[i] = value();
  }
  if (dice(5) == 0) fields[1] = args[2];
  if (dice(5) == 0) fields[4] = args[1];
  return note(mog_return(vm, mog_items(fields, 6)));
}

static mog_status noted(mog_instance *vm, const mog_value *args, void *user) {
  mog_value entries[6], parts[2], points[2];
  size_t position = 0;
  if (dice(6) == 0) return anything(vm, args, user);
  read_all(vm, args[0], 3);
  if (dice(3)) note(mog_reserve(vm, dice(4000)));
  points[0] = point(parts);
  points[1] = dice(2) ? points[0] : value();
  entries[0] = mog_string("one");
  entries[1] = entries[3] = mog_items(points, dice(3));
  if (note(mog_entry(vm, args[0], &position, &entries[2], &entries[3])) == MOG_OK) known[dice(8)] = entries[3];
  entries[3] = mog_items(points, 1);
  return note(mog_return(vm, mog_entries(entries, dice(3))));
}

static mog_status visit(mog_instance *vm, const mog_value *args, void *user) {
  shape_parts parts;
  thing_parts more;
  mog_value given[2], at[2], answer;
  uint32_t token = 0;
  if (dice(8) == 0) return anything(vm, args, user);
  read_all(vm, args[0], 2);
  read_all(vm, args[2], 2);
  if (note(mog_answer(vm, &answer)) == MOG_OK) {
    read_all(vm, answer, 3);
    if (note(mog_resumed(vm, &token)) != MOG_OK) exit(5);
  }
  if (token > 4 || dice(9) == 0) return note(mog_return(vm, mog_int(token)));
  if (dice(3) == 0) note(mog_reserve(vm, dice(1000)));
  if (dice(2)) {
    given[0] = dice(2) ? thing(&more) : args[2];
    return note(mog_call_back(vm, 3, token + 1, given, 1));
  }
  given[0] = dice(2) ? shape(&parts) : args[0];
  given[1] = point(at);
  return note(mog_call_back(vm, 1, token + 1, given, 2));
}

static mog_status slow(mog_instance *vm, const mog_value *args, void *user) {
  uint32_t token;
  if (dice(5) == 0) return anything(vm, args, user);
  if (note(mog_resumed(vm, &token)) == MOG_OK && dice(8)) return note(mog_return(vm, mog_int(token)));
  return note(mog_pending(vm, (uint32_t)args[0].as.integer & 15));
}

static void cancelled(void *user, uint32_t token) {
  (void)user;
  (void)token;
}

static void task_failed(void *user, mog_status status, mog_text message) {
  (void)user;
  note(status);
  if (message.size > 0 && message.data[0] == 0) exit(3);
}

static const mog_capability table[] = {
    {"out.println", "(text: string)", anything, NULL},
    {"host.echo", "(text: string) -> string", echo, NULL},
    {"host.made", "(n: int) -> Thing", made, NULL},
    {"host.passed", "(thing: Thing, all: [Thing], shape: Shape, notes: {string: Shape}) -> Thing", passed, NULL},
    {"host.noted", "(of: {string: Shape}) -> {string: [Point]}", noted, NULL},
    {"host.visit", "(shape: Shape, each: fn(Shape, Point) -> ?Shape, thing: Thing, all: fn(Thing) -> [Thing]) -> int",
     visit, NULL},
    {"host.any", "(any, any)", anything, NULL},
    {"host.slow", "(n: int) -> int", slow, NULL},
    {"host.fail", "(n: int) -> int", anything, NULL},
};
static const char types[] =
    "struct Point { x: float, y: float } enum Shape { Dot, Circle(Point, float), Named(string) }\n"
    "struct Thing { name: string, shape: Shape, at: ?Point, sizes: [int], parts: [Thing], notes: {string: Shape} }";
static const char *const wrong_types[] = {NULL, "", "struct Point { x: int }", "struct {", "enum Shape { Dot }", "\xff",
                                          "struct Thing { parts: [[[[[[[[[[[[Thing]]]]]]]]]]]] }"};
static const mog_capability broken[] = {{"out.println", "(text: int)", anything, NULL},
                                        {"host.echo", "string", anything, NULL},
                                        {"hostecho", "()", anything, NULL},
                                        {NULL, "()", anything, NULL},
                                        {"a.b", NULL, anything, NULL},
                                        {"a.b", "(Unknown)", anything, NULL},
                                        {"a.b", "()", NULL, NULL}};

static mog_config config(void) {
  mog_config made = mog_grant(table, dice(4) ? sizeof table / sizeof *table : dice(5), &state);
  if (dice(12) == 0) made = mog_grant(&broken[dice(7)], 1, NULL);
  if (dice(30) == 0) made = mog_grant(NULL, dice(2), NULL);
  made.types = dice(20) ? types : wrong_types[dice(7)];
  made.cancelled = dice(2) ? cancelled : NULL;
  made.task_failed = dice(2) ? task_failed : NULL;
  made.seed = dice(3);
  made.max_stack = dice(3) ? 0 : dice(1000);
  return made;
}

/* A call that makes sense, so that the rest meets programs in all their states. */
static void behave(mog_instance *vm) {
  static const int64_t ints[] = {1, -5, INT64_MAX, 3};
  static const float floats[] = {0.5f, -1e30f, 3};
  mog_value args[2];
  shape_parts parts;
  thing_parts more;
  args[0] = mog_int(dice(9));
  args[1] = mog_int(dice(40));
  switch (dice(11)) {
    case 7:
    case 8:
      args[1] = shape(&parts);
      note(mog_call(vm, "build", args, 2, dice(9000)));
      break;
    case 9:
    case 10:
      args[0] = shape(&parts);
      args[1] = thing(&more);
      note(mog_call(vm, "visits", args, 2, dice(9000)));
      break;
    case 0:
      args[0] = mog_string("some text");
      note(mog_call(vm, "echo", args, 1, dice(2000)));
      break;
    case 1:
      args[0] = mog_array(ints, sizeof ints);
      note(mog_call(vm, "sum", args, 2, dice(2000)));
      break;
    case 2:
      args[0] = mog_array(floats, sizeof floats);
      note(mog_call(vm, "floats", args, 1, dice(2000)));
      break;
    case 3: note(mog_call(vm, "grow", args, 1, dice(2000))); break;
    case 4: note(mog_call(vm, "wait", args, 1, dice(2000))); break;
    case 5: note(mog_call(vm, "risky", args, 1, dice(2000))); break;
    default: note(mog_call(vm, "tasks", args, 1, dice(4000))); break;
  }
}

/* One call of anything, with whatever. `own` is the instance that runs, whose arena is not for others then. */
static void act(mog_instance *own) {
  int which = (int)dice(INSTANCES);
  struct guarded *place = &places[which];
  mog_instance *vm = own ? own : dice(40) ? &place->vm : NULL;
  mog_module *module = dice(20) ? &modules[0] : dice(2) ? &modules[1] : NULL;
  void *arena = dice(30) ? (char *)place->arena + (dice(20) ? 0 : dice(9)) : NULL;
  size_t size = dice(6) ? WORDS * 8 - 16 : dice(WORDS * 8 - 16);
  mog_config made = config();
  mog_value args[3];
  char text[40];
  mog_counts counts;
  mog_trap_code trap;
  mog_place at;
  mog_text exported;
  mog_import import;
  mog_manifest manifest;
  mog_trust trust;
  size_t number = 0, i;
  uint32_t token;
  uint64_t steps = dice(4) ? dice(3000) : dice(20);
  if (dice(200) == 0) vm = (mog_instance *)((char *)&place->vm + 4);
  if (vm != own && own && vm == &place->vm) return;
  for (i = 0; i < 3; i++) args[i] = value();
  if (own == NULL && dice(3) == 0) {
    made = mog_grant(table, sizeof table / sizeof *table, NULL);
    made.types = types;
    if (mog_counters(vm, &counts) == MOG_NOT_PREPARED) {
      note(mog_new(vm, &modules[0], place->arena, WORDS * 8, &made));
      note(mog_start(vm, 10000));
    } else {
      behave(vm);
    }
    return;
  }
  switch (dice(27)) {
    case 24:
    case 25:
    case 26: look(vm); break;
    case 0:
      if (dice(3)) break;
      note(mog_new(vm, module, arena, size, dice(20) ? &made : NULL));
      break;
    case 1:
    case 2:
    case 3: note(mog_start(vm, steps)); break;
    case 4:
    case 5:
    case 6:
    case 7:
    case 8:
    case 9: note(mog_call(vm, name(), dice(20) ? args : NULL, dice(4), steps)); break;
    case 10:
    case 11: note(mog_resume(vm, steps)); break;
    case 12:
    case 13: note(mog_complete(vm, dice(20))); break;
    case 14:
      if (note(mog_result(vm, dice(9) ? &last : NULL)) == MOG_OK && dice(2)) read_all(vm, last, 3);
      break;
    case 15: note(mog_message(vm, dice(9) ? text : NULL, dice(sizeof text))); break;
    case 16: note(mog_place_at(vm, dice(5), dice(9) ? &at : NULL)); break;
    case 17: note(mog_trap(vm, dice(9) ? &trap : NULL)); break;
    case 18: note(mog_counters(vm, dice(9) ? &counts : NULL)); break;
    case 19:
      if (note(mog_snapshot_size(vm, &number)) == MOG_OK && dice(3)) {
        size = dice(3) ? sizeof saved : dice((uint32_t)number + 1);
        if (note(mog_snapshot(vm, dice(20) ? saved : NULL, size, &number)) == MOG_OK) saved_size = number;
      }
      break;
    case 20:
      if (dice(2) && saved_size > 0) saved[dice((uint32_t)saved_size)] ^= (unsigned char)(1u << dice(8));
      size = dice(4) ? WORDS * 8 - 16 : size;
      note(mog_restore(vm, module, arena, size, &made, dice(20) ? saved : NULL,
                       dice(4) ? saved_size : dice((uint32_t)saved_size + 1)));
      break;
    case 21:
      switch (dice(7)) {
        case 6:
          if (own != NULL) break;
          memset(&trust, 0, sizeof trust);
          trust.key = dice(9) ? (const uint8_t *)copy_of_module + dice(9) : NULL;
          memcpy((char *)copy_of_module + 1, "OS", 2);
          note(mog_load_signed(&modules[1], dice(9) ? (char *)copy_of_module + dice(9) : NULL, dice(module_size),
                               dice(9) ? &trust : NULL, dice(2) ? &manifest : NULL));
          memcpy(copy_of_module, module_words, module_size);
          break;
        case 0: note(mog_export_at(module, dice(14), &exported)); break;
        case 1: note(mog_import_at(module, dice(9), &import)); break;
        case 2: note(mog_memory_floor(module, dice(4) ? &number : NULL)); break;
        case 3: if (own == NULL) note(mog_load(&modules[1], dice(3) ? (char *)copy_of_module + dice(9) : NULL, dice(64))); break;
        case 4: if (own == NULL) memset(&places[which].vm, (int)dice(2) * 255, sizeof(mog_instance)); break;
        /* An instance does not move. */
        default: if (own == NULL) places[which].vm = places[(which + 1) % INSTANCES].vm; break;
      }
      break;
    case 22:
      switch (dice(6)) {
        case 0: note(mog_return(vm, args[0])); break;
        case 1: note(mog_fail(vm, dice(5) ? "no" : NULL)); break;
        case 2: note(mog_deny(vm, "no, and for a reason that is told at great length, for no reason, over and over")); break;
        case 3: note(mog_pending(vm, dice(20))); break;
        default: note(mog_resumed(vm, dice(5) ? &token : NULL)); break;
      }
      break;
    default:
      /* What lies in the arena of an instance that does not run can be anything. */
      if (own == NULL && dice(3) == 0) {
        for (i = 0; i < 3; i++) place->arena[dice(WORDS)] ^= (uint64_t)1 << dice(64);
      }
  }
}

static mog_status anything(mog_instance *vm, const mog_value *args, void *user) {
  static const mog_status answers[] = {MOG_OK, MOG_PAUSED, MOG_WAITING, MOG_CALLING, MOG_FAILED, MOG_DENIED, MOG_OUT_OF_MEMORY, 4711, -1};
  int i;
  (void)user;
  if (args[MOG_MAX_ARGS - 1].type != MOG_NONE) exit(4);
  if (nesting < 3) {
    nesting++;
    for (i = (int)dice(4); i > 0; i--) dice(2) ? act(vm) : look(vm);
    nesting--;
  }
  switch (dice(6)) {
    case 0: return note(mog_return(vm, value()));
    case 1: return note(mog_fail(vm, "it did not work"));
    case 2: return note(mog_return(vm, args[0]));
    case 3: return note(mog_pending(vm, dice(16)));
    case 4: return answers[dice(9)];
    default: note(mog_return(vm, mog_int(5))); return note(mog_return(vm, mog_int(6)));
  }
}

/* Everything as it was at the start. */
static int begin(const void *module, size_t size) {
  int i, j;
  if (size > sizeof module_words) return 0;
  memset(places, 0, sizeof places);
  memset(modules, 0, sizeof modules);
  saved_size = 0;
  nesting = 0;
  last = mog_none();
  for (i = 0; i < 8; i++) known[i] = mog_none();
  for (i = 0; i < 24; i++) pool[i] = mog_int(i);
  module_size = size;
  memcpy(module_words, module, size);
  memcpy(copy_of_module, module, size);
  for (i = 0; i < INSTANCES; i++) {
    for (j = 0; j < 4; j++) places[i].before[j] = places[i].between[j] = places[i].after[j] = GUARD;
  }
  return note(mog_load(&modules[0], module_words, module_size)) == MOG_OK;
}

static void one_round(void) {
  int i, j;
  act(NULL);
  for (i = 0; i < INSTANCES; i++) {
    for (j = 0; j < 4; j++) {
      if (places[i].before[j] != GUARD || places[i].between[j] != GUARD || places[i].after[j] != GUARD) {
        printf("something wrote beside its arena or instance\n");
        exit(1);
      }
    }
  }
}

void hostile_fuzz(const void *module, size_t module_bytes, const uint8_t *bytes, size_t size);

/* The calls that some bytes stand for. */
void hostile_fuzz(const void *module, size_t module_bytes, const uint8_t *bytes, size_t size) {
  input = bytes;
  input_left = size;
  if (!begin(module, module_bytes)) exit(2);
  while (input_left > 0) one_round();
}

#ifndef HOSTILE_FUZZED
#include "hostile.h"

int main(int argc, char **argv) {
  long rounds = argc > 2 ? atol(argv[2]) : 100000;
  int i;
  if (argc == 2) {
    static uint8_t bytes[1 << 16];
    FILE *file = fopen(argv[1], "rb");
    if (file == NULL) return 66;
    hostile_fuzz(mog_hostile, sizeof mog_hostile, bytes, fread(bytes, 1, sizeof bytes, file));
    return fclose(file);
  }
  state = 0x9e3779b97f4a7c15u ^ (argc > 1 ? strtoull(argv[1], NULL, 10) : 1);
  if (!begin(mog_hostile, sizeof mog_hostile)) return 1;
  for (; rounds > 0; rounds--) one_round();
  for (i = 0; i < 80; i++) {
    if (seen[i]) printf("%8lu %s\n", seen[i], mog_describe(i));
  }
  return 0;
}
#endif
