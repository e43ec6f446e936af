/* BEP 52 trees, level by level: the pairs of all trees in the same lanes. */
#include "kernel.h"

#include <string.h>

enum { NODE = MKT_SHA256_LENGTH };

static bool anything_left(const MktTree *trees, size_t count) {
    for (size_t i = 0; i < count; i++)
        if (trees[i].width > 1)
            return true;
    return false;
}

/* Digests land where the nodes of earlier pairs were: those are read by then, since pairs start in order. */
static void collapse_level(MktBatch *batch, MktTree *tree, const uint8_t *empty) {
    if (tree->width == 1)
        return;
    if (tree->count % 2)
        memcpy(tree->nodes + NODE * tree->count++, empty, NODE);
    tree->count /= 2;
    tree->width /= 2;
    for (size_t pair = 0; pair < tree->count; pair++)
        mkt_batch_add(batch, tree->nodes + 2 * NODE * pair, 2 * NODE, tree->nodes + NODE * pair);
}

void mkt_collapse(const MktLadder *sha256, MktTree *trees, size_t count) {
    uint8_t empty[2 * NODE] = {0}; /* two roots of an empty subtree as high as this level */
    MktBatch batch;
    batch.ladder = sha256;
    batch.count = 0;
    while (anything_left(trees, count)) {
        for (size_t i = 0; i < count; i++)
            collapse_level(&batch, &trees[i], empty);
        mkt_batch_add(&batch, empty, sizeof empty, empty);
        mkt_batch_flush(&batch);
        memcpy(empty + NODE, empty, NODE);
    }
}
