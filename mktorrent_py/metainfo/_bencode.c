/* Canonical bencode (BEP 3) into the values of bencode/values.py, ten times as fast as there.
 *
 * Whatever is not canonical, not complete or over a limit is not judged here: the answer is None, and the parser in
 * Python, which names faults and reads around irregularities, starts again. */
#include "../extension.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

enum {
    MOST_DIGITS = 18, /* fit in 64 bits, whatever they are */
    LONGEST_SHARED = 24,
    SHARED_STRINGS = 1024,
};

/* FAILED: a Python exception is set. */
typedef enum { FINE, NOT_CANONICAL, FAILED } Outcome;

typedef struct {
    void *start;
    size_t used, room; /* bytes */
} Stack;

typedef struct {
    size_t first; /* index of its first item */
    bool is_dictionary;
} Container;

typedef struct {
    const char *at, *start, *stop;
    size_t deepest;
    PyObject *empty, *slot;
    Stack items; /* PyObject *: those of the outermost open container first, keys and values in turn */
    Stack open;  /* Container */
    Stack ends;  /* uint64_t */
    PyObject *shared[SHARED_STRINGS];
} Reader;

static bool push(Stack *stack, const void *item, size_t size) {
    if (stack->room - stack->used < size) {
        const size_t room = stack->room ? 2 * stack->room : 64 * size;
        void *start = PyMem_Realloc(stack->start, room);
        if (!start) {
            PyErr_NoMemory();
            return false;
        }
        stack->start = start;
        stack->room = room;
    }
    memcpy((char *)stack->start + stack->used, item, size);
    stack->used += size;
    return true;
}

static PyObject **items_of(const Reader *reader) { return reader->items.start; }

static size_t item_count(const Reader *reader) { return reader->items.used / sizeof(PyObject *); }

static size_t depth_of(const Reader *reader) { return reader->open.used / sizeof(Container); }

static Container innermost(const Reader *reader) {
    return depth_of(reader) ? ((Container *)reader->open.start)[depth_of(reader) - 1] : (Container){0};
}

/* ---- strings and integers ---- */

/* Up to MOST_DIGITS digits without a needless zero, and past them. */
static Outcome read_digits(Reader *reader, int64_t *number) {
    const char *start = reader->at;
    *number = 0;
    for (; reader->at < reader->stop && *reader->at >= '0' && *reader->at <= '9'; reader->at++) {
        if (reader->at - start == MOST_DIGITS)
            return NOT_CANONICAL;
        *number = *number * 10 + (*reader->at - '0');
    }
    const bool is_canonical = reader->at - start == 1 || (reader->at > start && *start != '0');
    return is_canonical ? FINE : NOT_CANONICAL;
}

static Outcome read_mark(Reader *reader, char mark) {
    return reader->at < reader->stop && *reader->at++ == mark ? FINE : NOT_CANONICAL;
}

static PyObject **shared_place(Reader *reader, const char *start, size_t length) {
    uint32_t hash = 2166136261u; /* FNV-1a: collisions cost nothing but the sharing */
    for (size_t i = 0; i < length; i++)
        hash = (hash ^ (unsigned char)start[i]) * 16777619u;
    return &reader->shared[(hash ^ hash >> 16) % SHARED_STRINGS];
}

/* Keys and the names of directories come again and again: a short string that was lately seen is the same object. */
static PyObject *string_of(Reader *reader, const char *start, size_t length) {
    if (length > LONGEST_SHARED)
        return PyBytes_FromStringAndSize(start, (Py_ssize_t)length);
    PyObject **place = shared_place(reader, start, length);
    if (!*place || (size_t)PyBytes_Size(*place) != length || memcmp(PyBytes_AsString(*place), start, length)) {
        PyObject *fresh = PyBytes_FromStringAndSize(start, (Py_ssize_t)length);
        if (!fresh)
            return NULL;
        Py_XDECREF(*place);
        *place = fresh;
    }
    return Py_NewRef(*place);
}

static Outcome read_string(Reader *reader, PyObject **value) {
    int64_t length;
    if (read_digits(reader, &length) || read_mark(reader, ':') || length > reader->stop - reader->at)
        return NOT_CANONICAL;
    *value = string_of(reader, reader->at, (size_t)length);
    reader->at += length;
    return *value ? FINE : FAILED;
}

static Outcome read_integer(Reader *reader, PyObject **value) {
    int64_t number;
    const bool negative = ++reader->at < reader->stop && *reader->at == '-';
    reader->at += negative;
    if (read_digits(reader, &number) || read_mark(reader, 'e') || (negative && !number))
        return NOT_CANONICAL;
    *value = PyLong_FromLongLong(negative ? -number : number);
    return *value ? FINE : FAILED;
}

/* ---- lists and dictionaries ---- */

static bool ascend(PyObject *key, PyObject *next) {
    const size_t length = (size_t)PyBytes_Size(key), next_length = (size_t)PyBytes_Size(next);
    const int order = memcmp(PyBytes_AsString(key), PyBytes_AsString(next),
                             length < next_length ? length : next_length);
    return order < 0 || (order == 0 && length < next_length);
}

static Outcome read_key(Reader *reader, PyObject **value) {
    const Outcome outcome = read_string(reader, value);
    const size_t count = item_count(reader);
    if (outcome != FINE || count == innermost(reader).first || ascend(items_of(reader)[count - 2], *value))
        return outcome;
    Py_CLEAR(*value);
    return NOT_CANONICAL;
}

static Outcome open_container(Reader *reader) {
    const Container container = {item_count(reader), *reader->at++ == 'd'};
    if (depth_of(reader) == reader->deepest)
        return NOT_CANONICAL;
    return push(&reader->open, &container, sizeof container) ? FINE : FAILED;
}

/* The items from `first` on, which are taken off the stack whether or not this succeeds. */
static PyObject *take_items(Reader *reader, size_t first) {
    const size_t count = item_count(reader) - first;
    PyObject *tuple = PyTuple_New((Py_ssize_t)count);
    for (size_t i = 0; i < count; i++) {
        PyObject *item = items_of(reader)[first + i];
        if (!tuple)
            Py_DECREF(item);
        else if (PyTuple_SetItem(tuple, (Py_ssize_t)i, item)) /* steals the item even when it fails */
            Py_CLEAR(tuple);
    }
    reader->items.used -= count * sizeof(PyObject *);
    return tuple;
}

/* A Dictionary around a tuple of keys and values. Steals the tuple. */
static PyObject *dictionary_of(const Reader *reader, PyObject *flat) {
    PyObject *dictionary = PyType_GenericAlloc(Py_TYPE(reader->empty), 0);
    if (dictionary && PyObject_SetAttr(dictionary, reader->slot, flat))
        Py_CLEAR(dictionary);
    Py_DECREF(flat);
    return dictionary;
}

static Outcome close_container(Reader *reader, PyObject **value) {
    const Container container = innermost(reader);
    const size_t count = item_count(reader) - container.first;
    if (!depth_of(reader) || (container.is_dictionary && count % 2))
        return NOT_CANONICAL;
    reader->at++;
    reader->open.used -= sizeof container;
    if (container.is_dictionary && !count) {
        *value = Py_NewRef(reader->empty);
        return FINE;
    }
    *value = take_items(reader, container.first);
    if (*value && container.is_dictionary)
        *value = dictionary_of(reader, *value);
    return *value ? FINE : FAILED;
}

/* ---- the loop ---- */

/* One string, integer, start or end; `value` remains NULL after a start. */
static Outcome read_token(Reader *reader, PyObject **value) {
    if (reader->at == reader->stop)
        return NOT_CANONICAL;
    const Container container = innermost(reader);
    const bool is_key = container.is_dictionary && (item_count(reader) - container.first) % 2 == 0;
    const char first = *reader->at;
    if (first >= '0' && first <= '9')
        return is_key ? read_key(reader, value) : read_string(reader, value);
    if (first == 'e')
        return close_container(reader, value);
    if (is_key)
        return NOT_CANONICAL;
    if (first == 'i')
        return read_integer(reader, value);
    return first == 'l' || first == 'd' ? open_container(reader) : NOT_CANONICAL;
}

/* Gives `value` to the innermost open container. Steals it. */
static Outcome keep(Reader *reader, PyObject *value) {
    const uint64_t end = (uint64_t)(reader->at - reader->start);
    if ((depth_of(reader) == 1 && !push(&reader->ends, &end, sizeof end)) ||
        !push(&reader->items, &value, sizeof value)) {
        Py_DECREF(value);
        return FAILED;
    }
    return FINE;
}

static Outcome read_value(Reader *reader, Py_ssize_t tokens, PyObject **whole) {
    for (; tokens > 0; tokens--) {
        PyObject *value = NULL;
        Outcome outcome = read_token(reader, &value);
        if (outcome == FINE && value) {
            if (!depth_of(reader)) {
                *whole = value;
                return FINE;
            }
            outcome = keep(reader, value);
        }
        if (outcome != FINE)
            return outcome;
    }
    return NOT_CANONICAL;
}

/* (value, end, ends). Steals the value. */
static PyObject *result_of(const Reader *reader, PyObject *value) {
    PyObject *end = PyLong_FromSsize_t(reader->at - reader->start);
    PyObject *ends = PyBytes_FromStringAndSize(reader->ends.start, (Py_ssize_t)reader->ends.used);
    PyObject *result = end && ends ? PyTuple_Pack(3, value, end, ends) : NULL;
    Py_DECREF(value);
    Py_XDECREF(end);
    Py_XDECREF(ends);
    return result;
}

static void finish(Reader *reader) {
    for (size_t i = 0; i < item_count(reader); i++)
        Py_DECREF(items_of(reader)[i]);
    for (size_t i = 0; i < SHARED_STRINGS; i++)
        Py_XDECREF(reader->shared[i]);
    PyMem_Free(reader->items.start);
    PyMem_Free(reader->open.start);
    PyMem_Free(reader->ends.start);
    Py_XDECREF(reader->slot);
}

static PyObject *parse(PyObject *Py_UNUSED(module), PyObject *args) {
    Reader reader = {0};
    PyObject *data, *value = NULL;
    Py_ssize_t depth, tokens;
    if (!PyArg_ParseTuple(args, "SnnO:parse", &data, &depth, &tokens, &reader.empty))
        return NULL;
    reader.slot = PyUnicode_InternFromString("flat");
    reader.start = reader.at = PyBytes_AsString(data);
    reader.stop = reader.start + PyBytes_Size(data);
    reader.deepest = (size_t)depth;
    const Outcome outcome = reader.slot ? read_value(&reader, tokens, &value) : FAILED;
    PyObject *result = NULL;
    if (outcome == FINE)
        result = result_of(&reader, value);
    else if (outcome == NOT_CANONICAL)
        result = Py_NewRef(Py_None);
    finish(&reader);
    return result;
}

static PyMethodDef methods[] = {
    {"parse", parse, METH_VARARGS, "The canonical value at the start of the data, its end, the ends of its members."},
    {0},
};

static PyModuleDef_Slot slots[] = {
    MKT_NO_GIL_SLOT
    {0},
};

static PyModuleDef definition = {
    PyModuleDef_HEAD_INIT,
    .m_name = "_bencode",
    .m_doc = "Canonical bencode, read quickly.",
    .m_methods = methods,
    .m_slots = slots,
};

PyMODINIT_FUNC PyInit__bencode(void) { return PyModuleDef_Init(&definition); }
