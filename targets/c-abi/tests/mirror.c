/* A host whose functions give what they take: every value is taken apart by what reads values, kept in C, and made anew.
 * What the program prints if one of them comes back as something else, is its own business: only "done" is expected. */
#include <stdio.h>
#include <string.h>

#include "mirror.h"
#include "mog.h"

static const char types[] =
    "enum Side { Left, Right } struct Point { x: float, y: f32 }\n"
    "enum Shape { Dot, At(Point), Turned(Side, ?Side), Named(string, ?int), Pair(Point, Point) }\n"
    "enum Small { Off, Both(Side, int) } enum Tree { Leaf(int), Node(Tree, Tree), Marked(?Shape, Tree) }\n"
    "struct Wide { a: ?Shape, b: Shape, c: ?string, d: any, e: i8, f: u64, g: bool, h: ?Point, i: Side, j: ?float,\n"
    "  k: [bool], l: Shape }\n"
    "struct List { value: int, next: ?List }";

static mog_value values[4096];
static size_t used_values;
static uint64_t words[4096];
static size_t used_words;
static int failures;

static void *kept(const void *data, size_t size) {
  void *place = &words[used_words];
  used_words += (size + 7) / 8;
  if (used_words > sizeof words / sizeof *words) return NULL;
  if (size > 0) memcpy(place, data, size);
  return place;
}

static mog_value wrong(const char *what, mog_status status) {
  printf("%s: %s\n", what, mog_describe(status));
  failures++;
  return mog_none();
}

static mog_value copy(mog_instance *vm, mog_value from) {
  mog_value item, key, *parts;
  size_t length, position = 0, i = 0;
  uint32_t variant = 0;
  mog_status status;
  switch (from.type) {
    case MOG_STRING: return mog_string_of((const char *)kept(from.as.text.data, from.as.text.size), from.as.text.size);
    case MOG_ARRAY: return mog_array(kept(from.as.bytes.data, from.as.bytes.size), from.as.bytes.size);
    case MOG_STRUCT:
    case MOG_LIST:
    case MOG_MAP:
    case MOG_ENUM: break;
    case MOG_OTHER:
    case MOG_FUNCTION: return wrong("a value that C does not see into", MOG_OK);
    default: return from;
  }
  status = mog_length(vm, from, &length);
  if (status != MOG_OK) return wrong("length", status);
  parts = &values[used_values];
  used_values += from.type == MOG_MAP ? 2 * length : length;
  if (used_values > sizeof values / sizeof *values) return wrong("too many values", MOG_OK);
  if (from.type == MOG_MAP) {
    for (; (status = mog_entry(vm, from, &position, &key, &item)) == MOG_OK; i += 2) {
      parts[i] = copy(vm, key);
      parts[i + 1] = copy(vm, item);
    }
    return i == 2 * length && status == MOG_END ? mog_entries(parts, length) : wrong("entries", status);
  }
  for (; (status = mog_item(vm, from, i, &item)) == MOG_OK; i++) parts[i] = copy(vm, item);
  if (i != length || status != MOG_END) return wrong("items", status);
  if (from.type == MOG_ENUM) status = mog_variant(vm, from, &variant, NULL);
  return status == MOG_OK || status == MOG_END ? mog_case(variant, parts, length) : wrong("variant", status);
}

static mog_value mirrored(mog_instance *vm, mog_value from) {
  used_values = used_words = 0;
  return copy(vm, from);
}

static mog_status mirror(mog_instance *vm, const mog_value *args, void *user) {
  mog_status status = mog_return(vm, mirrored(vm, args[0]));
  (void)user;
  return status == MOG_OK ? status : (wrong("return", status), mog_fail(vm, mog_describe(status)));
}

/* First made anew, then as it is, then with room for it among new ones. */
static mog_status through(mog_instance *vm, const mog_value *args, void *user) {
  mog_value given[3], trees[2], answer;
  uint32_t token = 0;
  mog_status status;
  (void)user;
  if (mog_resumed(vm, &token) == MOG_OK) {
    status = mog_answer(vm, &answer);
    if (status != MOG_OK || answer.type != MOG_ENUM) wrong("answer", status);
    if (token == 3) return mog_return(vm, answer);
  }
  given[0] = token == 0 ? mirrored(vm, args[0]) : args[0];
  given[1] = mog_case(1, NULL, 0);
  if (token > 0 && (status = mog_reserve(vm, 64)) != MOG_OK) return status;
  if (token > 0) given[0] = args[0];
  trees[0] = trees[1] = token == 0 ? copy(vm, args[2]) : args[2];
  given[2] = mog_items(trees, 2);
  status = mog_call_back(vm, 1, token + 1, given, 3);
  return status == MOG_CALLING ? status : (wrong("call back", status), mog_fail(vm, mog_describe(status)));
}

static mog_status print_line(mog_instance *vm, const mog_value *args, void *user) {
  (void)vm;
  (void)user;
  printf("%.*s\n", (int)args[0].as.text.size, args[0].as.text.data);
  return MOG_OK;
}

int main(void) {
  static uint64_t arena[6144];
  static mog_module module;
  static mog_instance vm;
  mog_capability capabilities[] = {
      {"out.println", "(text: string)", print_line, NULL},
      {"mirror.small", "(value: Small) -> Small", mirror, NULL},
      {"mirror.smalls", "(value: [?Small]) -> [?Small]", mirror, NULL},
      {"mirror.tree", "(value: Tree) -> Tree", mirror, NULL},
      {"mirror.shapes", "(value: [?Shape]) -> [?Shape]", mirror, NULL},
      {"mirror.sides", "(value: {string: Side}) -> {string: Side}", mirror, NULL},
      {"mirror.maps", "(value: {int: {bool: [string]}}) -> {int: {bool: [string]}}", mirror, NULL},
      {"mirror.anything", "(value: any) -> any", mirror, NULL},
      {"mirror.grid", "(value: [[f32]]) -> [[f32]]", mirror, NULL},
      {"mirror.words", "(value: [string]) -> [string]", mirror, NULL},
      {"mirror.wide", "(value: Wide) -> Wide", mirror, NULL},
      {"mirror.maybe", "(value: ?Wide) -> ?Wide", mirror, NULL},
      {"mirror.shape", "(value: Shape) -> Shape", mirror, NULL},
      {"mirror.side", "(value: ?Side) -> ?Side", mirror, NULL},
      {"mirror.list", "(value: List) -> List", mirror, NULL},
      {"mirror.through", "(value: Shape, each: fn(Shape, ?Side, [Tree]) -> ?Shape, tree: Tree) -> ?Shape", through, NULL},
  };
  mog_config config = mog_grant(capabilities, sizeof capabilities / sizeof *capabilities, NULL);
  mog_counts counts;
  mog_status status = mog_load(&module, mog_mirror, sizeof mog_mirror);
  char message[160];
  config.types = types;
  if (status == MOG_OK) status = mog_new(&vm, &module, arena, sizeof arena, &config);
  if (status == MOG_OK) status = mog_start(&vm, 100000);
  if (status == MOG_OK) status = mog_call(&vm, "main", NULL, 0, 100000000);
  if (status != MOG_OK) {
    printf("%s: %s\n", mog_describe(status), mog_message(&vm, message, sizeof message) == MOG_OK ? message : "");
    return 1;
  }
  /* Objects moved meanwhile. */
  if (mog_counters(&vm, &counts) != MOG_OK || counts.collections < 10) wrong("collections", MOG_OK);
  return failures > 0;
}
