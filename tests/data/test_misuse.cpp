// Data sets, loaders, transforms and cuts used as they cannot be: each an Error that says what, and never a crash.
#include <doctest/doctest.h>

#include <cmath>
#include <functional>
#include <limits>

#include <fanin/data/loader.hpp>
#include <fanin/data/sets.hpp>

#include "tests/misuse.hpp"

using namespace fanin;

namespace {

constexpr Index huge = std::numeric_limits<Index>::max();

data::Dataset tiny() {
  data::Dataset set{.name = "tiny",
                    .count = 4,
                    .height = 2,
                    .width = 2,
                    .classes = 2,
                    .images = std::vector<std::uint8_t>(16, 7),
                    .labels = {0, 1, 0, 1}};
  set.measure();
  return set;
}

/// The set after `change`.
data::Dataset changed(const std::function<void(data::Dataset&)>& change) {
  data::Dataset set = tiny();
  change(set);
  return set;
}

const std::vector<Index> first_two = {0, 1};
const std::vector<int> both = {1, 0};

}  // namespace

TEST_CASE("misuse: every cut of a data set that does not hold together is refused by its name") {
  const auto unlabelled = changed([](auto& set) { set.labels.clear(); });
  const auto short_of_labels = changed([](auto& set) { set.labels.pop_back(); });
  const auto wild = changed([](auto& set) { set.labels[1] = 5; });
  const auto negative = changed([](auto& set) { set.labels[1] = -1; });
  const auto classless = changed([](auto& set) { set.classes = -2; });
  const auto cut = changed([](auto& set) { set.images.resize(15); });
  const auto flat = changed([](auto& set) { set.height = 0; });
  const auto twice_negative = changed([](auto& set) { set.height = -2, set.width = -2; });
  const auto constant = changed([](auto& set) { set.stddev[0] = 0; });
  const data::Dataset none;
  data::Dataset gone = tiny();
  const data::Dataset now = std::move(gone);
  CHECK(now.count == 4);
  const auto cuts = [](const data::Dataset& set, const char* said) {
    return std::vector<Case>{
        {"subset", [&set] { set.subset(first_two); }, said},
        {"take", [&set] { set.take(2); }, said},
        {"take_per_class", [&set] { set.take_per_class(1, 0); }, said},
        {"split", [&set] { set.split(0.5, 0); }, said},
        {"only_classes", [&set] { set.only_classes(both); }, said},
        {"draw_by_class", [&set] { set.draw_by_class(first_two, 0); }, said},
        {"check", [&set] { set.check(); }, said},
        {"loader", [&set] { data::Loader(set, {}); }, said},
        {"first_batch", [&set] { data::first_batch(set, 2); }, said},
        {"validation", [&set] { data::cut_validation({.training = set}, 0.5, 0); }, said}};
  };
  check_all(cuts(unlabelled, "dataset 'tiny': 0 labels for 4 images"));
  check_all(cuts(short_of_labels, "dataset 'tiny': 3 labels for 4 images"));
  check_all(cuts(cut, "dataset 'tiny': 15 image bytes, expected 4 images of 1x2x2"));
  check_all(cuts(flat, "dataset 'tiny': image size 1x0x2 must be positive"));
  check_all(cuts(twice_negative, "dataset 'tiny': image size 1x-2x-2 must be positive"));
  check_all(cuts(none, "dataset ''"));
  check_all(cuts(gone, "dataset ''"));  // its bytes and labels went, its count stayed
  for (const auto* set : {&wild, &negative}) {
    check_all({{"only_classes", [&] { set->only_classes(both); }, "is out of range, expected 0..1"},
               {"class_counts", [&] { set->class_counts(); }, "is out of range, expected 0..1"},
               {"split", [&] { set->split(0.5, 0); }, "of sample 1 is out of range"},
               {"loader", [&] { data::Loader(*set, {}); }, "of sample 1 is out of range"},
               {"why not", [&] { data::why_not_cut(*set, 2); }, "is out of range, expected 0..1"}});
  }
  check_all(
      {{"no classes", [&] { classless.only_classes(both); }, "-2 classes, expected at least one"},
       {"none of none", [&] { classless.only_classes({}); }, "no classes are named"},
       {"counts", [&] { classless.class_counts(); }, "-2 classes, expected at least one"},
       {"stddev 0", [&] { data::Loader(constant, {}); }, "expected finite numbers and a positive stddev"},
       {"twice",
        [] {
          tiny().only_classes(std::vector<int>{1, 1});
        },
        "class 1 is named twice"},
       {"image of none", [&] { none.image(0); }, "image 0 is out of range, it has 0"},
       {"split 0", [] { tiny().split(0, 0); }, "cannot split at 0"},
       {"split 1", [] { tiny().split(1, 0); }, "cannot split at 1"},
       {"split to nothing", [] { tiny().split(0.01, 0); }, "leaves one part empty"},
       {"per class -1", [] { tiny().take_per_class(-1, 0); }, "cannot take -1 samples per class"},
       {"no counts", [] { tiny().draw_by_class({}, 0); }, "0 counts to draw, expected one for each of its 2"},
       {"a count of -1",
        [] {
          tiny().draw_by_class(std::vector<Index>{1, -1}, 0);
        },
        "has 2 samples, cannot take -1"},
       {"per class huge", [] { tiny().take_per_class(huge, 0); }, "has 2 samples, cannot take"}});
  CHECK(none.class_name(0) == "0");
  CHECK(none.class_name(-1) == "-1");
}

TEST_CASE("misuse: constants of a normalization fit its images or are refused") {
  const auto normalized = [](std::vector<double> mean, std::vector<double> stddev) {
    return [=] { tiny().normalize({mean, stddev}); };
  };
  check_all(
      {{"no channels", [] { data::per_channel({0.5}, 0); }, "images of 0 channels"},
       {"channels below 0", [] { data::per_channel({0.5}, -1); }, "images of -1 channels"},
       {"none", [] { data::per_channel({}, 3); }, "0 constants for images of 3 channels"},
       {"two for three",
        [] {
          data::per_channel({1, 2}, 3);
        },
        "2 constants for images of 3 channels"},
       {"no stddev", normalized({0.5}, {}), "0 constants for images of 1 channels"},
       {"stddev 0", normalized({0.5}, {0}), "a positive stddev"},
       {"stddev -1", normalized({0.5}, {-1}), "a positive stddev"},
       {"nan", normalized({std::nan("")}, {1}), "finite numbers"},
       {"infinite", normalized({0.5}, {HUGE_VAL}), "finite numbers"},
       {"transform", [] { data::Transform().normalize(0.5, std::nan("")); }, "stddev nan must be positive"},
       {"of a moved-from set",
        [] {
          data::Dataset gone = tiny();
          const data::Dataset now = std::move(gone);
          gone.measure();
        },
        "0 image bytes, expected 4 images"}});
}

TEST_CASE("misuse: a loader whose set changes, and one that was moved from, say so") {
  data::Dataset set = tiny();
  data::Loader loader(set, {.batch = 2, .shuffle = true});
  data::Batch batch;
  CHECK(loader.next(batch));
  const data::Dataset whole = std::move(set);
  CHECK(holds(message([&] { loader.next(batch); }),
              "dataset '' changed under it: it had 4 samples and has 0 labels and 0 image bytes"));
  set = whole;
  CHECK(loader.next(batch));
  set.images.resize(8);
  CHECK_FALSE(loader.next(batch));  // the epoch's end asks nothing of the set
  CHECK(holds(message([&] { loader.next(batch); }), "has 4 labels and 8 image bytes"));
  set = whole;
  data::Loader taken = std::move(loader);
  CHECK(taken.next(batch));
  check_all({{"moved from", [&] { loader.next(batch); }, "loader: it was moved from"},
             {"seek, then next",
              [&] {
                loader.seek({0, 1});
                loader.next(batch);
              },
              "loader: it was moved from"},
             {"seek -1",
              [&] {
                taken.seek({-1, 0});
              },
              "no position epoch -1, batch 0"},
             {"seek batch -1",
              [&] {
                taken.seek({0, -1});
              },
              "no position epoch 0, batch -1"},
             {"seek huge",
              [&] {
                taken.seek({0, huge});
              },
              "has 2 batches"},
             {"drop all", [&] { data::Loader(whole, {.batch = 5, .last_batch = data::LastBatch::drop}); },
              "has 4 samples, fewer than one batch of 5"},
             {"first none", [&] { data::first_batch(whole, 0); }, "batch 0 must be at least 1"},
             {"other channels",
              [&] {
                data::first_batch(whole, 1, {{0, 0}, {1, 1}});
              },
              "2 constants for images of 1 channels"}});
  CHECK(data::first_batch(whole, huge).size() == 4);
}

TEST_CASE("misuse: cuts into batches and shares have bounds") {
  using data::BatchCut, data::LastBatch, data::Share;
  const BatchCut cut(5, 2, LastBatch::keep), none;
  check_all(
      {{"batch 0", [] { BatchCut(5, 0, LastBatch::keep); }, "5 samples cannot be cut into batches of 0"},
       {"batch -1", [] { BatchCut(5, -1, LastBatch::spread); }, "batches of -1: both must be at least 1"},
       {"no samples", [] { BatchCut(0, 2, LastBatch::spread); }, "0 samples cannot be cut"},
       {"begin -1", [&] { static_cast<void>(cut.begin(-1)); }, "batch -1 is out of range"},
       {"begin past the end", [&] { static_cast<void>(cut.begin(4)); }, "the epoch is cut into 3"},
       {"size past the end", [&] { static_cast<void>(cut.size(3)); }, "batch 4 is out of range"},
       {"size of none", [&] { static_cast<void>(none.size(0)); }, "the epoch is cut into 0"},
       {"name", [] { data::last_batch_named("spraed"); }, "spread"},
       {"share -1", [] { Share(-1); }, "validation: -1"},
       {"share nan", [] { Share(std::nan("")); }, "validation: nan"},
       {"share 1.5", [] { Share(1.5); }, "validation: 1.5"},
       {"share text", [] { Share::parse("0.1x"); }, "0.1x"},
       {"no text", [] { Share::parse(""); }, "neither a share"},
       {"validation twice", [] { data::cut_validation({.training = tiny(), .validation = tiny()}, 0.5, 0); },
        "brings a validation set of 4 images"},
       {"all", [] { data::cut_validation({.training = tiny()}, 4, 0); }, "leave too few"},
       {"too few", [] { data::cut_validation({.training = tiny()}, 1, 0); }, "too few for 2 classes"}});
  CHECK(none.largest() == 0);
  CHECK(data::stratified({}, 1).empty());
  CHECK(data::stratified({3, 3}, 7).empty());
  CHECK(data::stratified({3, 3}, -1).empty());
  CHECK(data::stratified({3, 3}, 2, -1).empty());
  CHECK(data::stratified({-3, 3}, 2).empty());
}

TEST_CASE("misuse: a transform refuses steps out of bounds, and to work where there is no image") {
  using data::Transform;
  Generator generator(0);
  std::vector<std::uint8_t> pixels(4), scratch(4);
  const Transform moves = Transform().crop(1).flip().shift(1, 1);
  const auto augment = [&](std::uint8_t* at, Index channels, Index height, Index width, std::size_t room) {
    return [=, &scratch, &moves, &generator] {
      moves.augment({at, channels, height, width}, std::span(scratch).first(room), generator);
    };
  };
  check_all({{"no pixels", augment(nullptr, 1, 2, 2, 4), "needs its pixels"},
             {"no scratch", augment(pixels.data(), 1, 2, 2, 3), "scratch memory, got 3"},
             {"no rows", augment(pixels.data(), 1, 0, 2, 4), "image size 1x0x2 must be positive"},
             {"rows below 0", augment(pixels.data(), 1, -2, 2, 4), "image size 1x-2x2 must be positive"},
             {"all below 0", augment(pixels.data(), -1, -2, 2, 4), "image size -1x-2x2 must be positive"},
             {"pad -1", [] { Transform().crop(-1); }, "crop: pad -1"},
             {"pad huge", [] { Transform().crop(huge); }, "must be in 0..4096"},
             {"p -1", [] { Transform().flip(-1); }, "flip: p -1"},
             {"p nan", [] { Transform().flip(std::nan("")); }, "flip: p nan"},
             {"x -1", [] { Transform().shift(-1, 0); }, "shift: x -1"},
             {"y huge", [] { Transform().shift(0, huge); }, "must be in 0..4096"},
             {"text", [] { Transform::parse("flip(p=2)"); }, "p = '2' must be from 0 to 1"}});
  CHECK(pixels == std::vector<std::uint8_t>(4));
  Transform gone = moves;
  const Transform now = std::move(gone);
  CHECK(now == moves);
  gone.augment({pixels.data(), 1, 2, 2}, {}, generator);  // no steps are left: nothing is done
  CHECK_FALSE(gone.augments());
}
