#include <doctest/doctest.h>

#include <algorithm>

#include <fanin/data/last_batch.hpp>

#include "tests/usage_message.hpp"

using namespace fanin;

TEST_CASE("last batch: every cut has each sample once, in order, and sizes as its name says") {
  for (Index count = 1; count <= 70; ++count) {
    for (Index batch = 1; batch <= 72; ++batch) {
      for (const data::LastBatch last :
           {data::LastBatch::keep, data::LastBatch::drop, data::LastBatch::spread}) {
        CAPTURE(count);
        CAPTURE(batch);
        CAPTURE(name_of(last));
        const data::BatchCut cut(count, batch, last);
        const Index all = last == data::LastBatch::drop ? count / batch * batch : count;
        REQUIRE(cut.batches() == (all + batch - 1) / batch);
        Index at = 0, least = batch + 1, most = 0;
        for (Index i = 0; i < cut.batches(); ++i) {
          REQUIRE(cut.begin(i) == at);
          at += cut.size(i);
          least = std::min(least, cut.size(i));
          most = std::max(most, cut.size(i));
          if (last != data::LastBatch::spread && i + 1 < cut.batches()) REQUIRE(cut.size(i) == batch);
        }
        REQUIRE(at == all);
        if (cut.batches() == 0) continue;
        REQUIRE(least == cut.smallest());
        REQUIRE(most == cut.largest());
        REQUIRE(most <= batch);
        if (last == data::LastBatch::spread) REQUIRE(most - least <= 1);
        if (last == data::LastBatch::drop) REQUIRE(least == batch);
      }
    }
  }
}

TEST_CASE("last batch: names are those of the text form, and another one is refused") {
  for (const data::LastBatch last : {data::LastBatch::keep, data::LastBatch::drop, data::LastBatch::spread})
    CHECK(data::last_batch_named(name_of(last)) == last);
  CHECK(usage_message([] { data::last_batch_named("spred"); }).find("did you mean 'spread'?") !=
        std::string::npos);
  CHECK(usage_message([] { data::last_batch_named(""); }).find("keep") != std::string::npos);
}
