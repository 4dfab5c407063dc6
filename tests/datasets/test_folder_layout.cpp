// How a folder of images is divided into classes and parts.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include <fanin/core/error.hpp>

#include "datasets/image_folder.hpp"
#include "tests/datasets/files.hpp"
#include "tests/datasets/pictures.hpp"
#include "tests/message.hpp"

using namespace fanin;

TEST_CASE("a folder of images becomes classes in the order of their names, with its own halves") {
  const TempFolder folder;
  write_picture(folder / "train/zebra/1.png", 10);
  write_picture(folder / "train/zebra/2.JPG", 20);
  write_picture(folder / "train/ant/1.bmp", 200, 30, 20);
  write_picture(folder / "test/zebra/9.png", 30);
  write_bytes(folder / "train/ant/notes.txt", {'x'});
  write_bytes(folder / "train/ant/.hidden.png", {'x'});
  const data::Sets data = datasets::load_sets(folder_text(folder, "size=4"));
  CHECK(data.training.class_names == std::vector<std::string>{"ant", "zebra"});
  CHECK(data.training.labels == std::vector<std::int32_t>{0, 1, 1});
  CHECK(data.training.image(0)[5] == 200);
  CHECK(data.training.image(1)[0] == 10);
  CHECK(data.test.labels == std::vector<std::int32_t>{1});
  CHECK(data.test.image(0)[15] == 30);
  CHECK(data.test.mean == data.training.mean);
  const data::Dataset colour =
      datasets::load_dataset(folder_text(folder, "size=4, gray=false"), datasets::Split::train);
  CHECK(colour.channels == 3);
  CHECK(colour.image_size() == 48);
}

TEST_CASE("without halves of its own a share of each class is held out, by the images' names") {
  const TempFolder folder;
  for (int i = 0; i < 100; ++i)
    write_picture(folder / ("a/" + std::to_string(i) + ".png"), static_cast<std::uint8_t>(i));
  for (int i = 0; i < 100; ++i)
    write_picture(folder / ("b/" + std::to_string(i) + ".png"), static_cast<std::uint8_t>(100 + i));
  const data::Sets data = datasets::load_sets(folder_text(folder, "size=4, test=0.3"));
  CHECK(data.training.count + data.test.count == 200);
  CHECK(data.test.class_counts() == std::vector<Index>{30, 30});
  // No image is in both halves.
  std::vector<int> times(256);
  for (const data::Dataset* half : {&data.training, &data.test})
    for (Index i = 0; i < half->count; ++i) ++times[half->image(i)[0]];
  for (int value = 0; value < 200; ++value) CHECK(times[static_cast<std::size_t>(value)] == 1);
  // One image more moves at most one other, and a class beside it none.
  write_picture(folder / "a/extra.png", 250);
  const data::Sets more = datasets::load_sets(folder_text(folder, "size=4, test=0.3"));
  CHECK(more.training.count + more.test.count == 201);
  std::vector<int> moved(256);
  for (Index i = 0; i < data.test.count; ++i) ++moved[data.test.image(i)[0]];
  for (Index i = 0; i < more.test.count; ++i) --moved[more.test.image(i)[0]];
  moved[250] = 0;
  CHECK(std::count_if(moved.begin(), moved.end(), [](int times_) { return times_ != 0; }) <= 1);
}

TEST_CASE("a class of few images has one on either side, and a class of one is refused") {
  for (const char* share : {"0.01", "0.2", "0.5", "0.99"}) {
    CAPTURE(share);
    const TempFolder folder;
    for (int size = 2; size <= 9; ++size)
      for (int i = 0; i < size; ++i)
        write_picture(folder / ("c" + std::to_string(size) + "/x" + std::to_string(i) + ".png"), 9);
    const data::Sets data = datasets::load_sets(folder_text(folder, "size=4, test=" + std::string(share)));
    const auto train = data.training.class_counts(), test = data.test.class_counts();
    for (std::size_t k = 0; k < 8; ++k) {
      const double wanted = std::stod(share) * static_cast<double>(k + 2);
      CHECK(train[k] + test[k] == static_cast<Index>(k + 2));
      CHECK(train[k] >= 1);
      CHECK(test[k] >= 1);
      if (wanted >= 1 && wanted <= static_cast<double>(k + 1))
        CHECK(std::abs(static_cast<double>(test[k]) - wanted) <= 0.5);
    }
    write_picture(folder / "lonely/x.png", 9);
    CHECK(
        message([&] { datasets::load_sets(folder_text(folder, "size=4")); }) ==
        folder.path() +
            ": class 'lonely' has one image, and a training and a test half need at least two; add images, or make train/ and test/");
  }
}

TEST_CASE("halves are found under the names people give them") {
  struct Row {
    const char *train, *test;
  };
  for (const auto& [train, test] :
       {Row{"train", "test"}, Row{"train", "val"}, Row{"Train", "Test"}, Row{"TRAIN", "Validation"},
        Row{"training", "valid"}, Row{"Training", "testing"}}) {
    const std::string called = train;
    CAPTURE(called);
    const TempFolder folder;
    for (const char* name : {"a", "b"}) {
      write_picture(folder / (std::string(train) + "/" + name + "/1.png"), 10);
      write_picture(folder / (std::string(test) + "/" + name + "/1.png"), 20);
      write_picture(folder / (std::string(test) + "/" + name + "/2.gif.png"), 20);
    }
    const data::Sets data = datasets::load_sets(folder_text(folder, "size=4"));
    CHECK(data.training.class_names == std::vector<std::string>{"a", "b"});
    CHECK(data.training.count == 2);
    CHECK(data.test.count == 4);
    CHECK(data.test.image(0)[0] == 20);
    CHECK_FALSE(data.has_validation());
    const bool said = data.notes().size() == 1 && data.notes()[0] == folder.path() + ": training on '" +
                                                                         train + "', testing on '" + test +
                                                                         "', since there is no test/";
    CHECK(said == (test[0] == 'v' || test[0] == 'V'));
    CHECK(data.notes().size() == (said ? 1 : 0));
  }
  // With test/ beside it, val/ is the validation set, under whichever of its names.
  for (const char* name : {"val", "valid", "Validation"}) {
    const TempFolder three;
    for (const auto& [part, value] : {std::pair{"train", 10}, {"test", 20}, {name, 30}, {"extra", 40}})
      write_picture(three / (std::string(part) + "/a/1.png"), static_cast<std::uint8_t>(value));
    write_picture(three / "train/b/1.png", 10);
    const data::Sets data = datasets::load_sets(folder_text(three, "size=4"));
    CHECK(data.training.count == 2);
    REQUIRE(data.validation.count == 1);
    CHECK(data.validation.image(0)[0] == 30);
    CHECK(data.validation.mean == data.training.mean);
    CHECK(data.test.image(0)[0] == 20);
    const auto notes = data.notes();
    REQUIRE(notes.size() == 3);
    CHECK(notes[0] == three.path() + ": training on 'train', validating on '" + name +
                          "', testing on 'test'; not used: extra");
    CHECK(notes[1] == three.path() + "/" + name + ": class 'b' has no validation images");
    CHECK(datasets::load_dataset(folder_text(three, "size=4"), datasets::Split::validation).images ==
          data.validation.images);
  }
  CHECK(holds(message([] { datasets::load_dataset("synthetic(count=9)", datasets::Split::validation); }),
              "'synthetic(count=9)' brings no validation set"));
  // A class may be called train.
  const TempFolder vehicles;
  for (const char* file : {"train/1.png", "train/2.png", "car/1.png", "car/2.png"})
    write_picture(vehicles / file, 9);
  CHECK(datasets::load_sets(folder_text(vehicles, "size=4")).training.class_names ==
        std::vector<std::string>{"car", "train"});

  const auto refused = [](std::initializer_list<const char*> files) {
    const TempFolder folder;
    for (const char* file : files) write_picture(folder / file, 9);
    return message([&] { datasets::load_sets(folder_text(folder, "size=4")); });
  };
  CHECK(
      holds(refused({"train/a/1.png"}),
            "'train' holds a folder for each class, but its other half is missing: expected test/ or val/"));
  CHECK(holds(refused({"train/a/1.png", "val/1.png"}),
              "/val: images and no class folders; sort them into a folder for each class"));
  CHECK(
      holds(refused({"x/a/1.png", "y/a/1.png"}),
            "/x: no images, expected PNG, JPEG, GIF or BMP files; it holds folders ('a'): name the folder"));
  CHECK(holds(refused({"1.png", "2.png"}), "it holds 2 images, of which nothing tells the class"));
  CHECK(holds(refused({"train/a/1.png", "Train/a/1.png", "test/a/1.png"}), "may each be the 'train' half"));
  CHECK(holds(refused({"train/Cat/1.png", "test/cat/1.png"}), "class 'cat' is spelt otherwise in"));
}

TEST_CASE("two classes that look the same are refused, and those that differ in capitals are told") {
  const TempFolder accents;
  for (const char* name : {"caf\u00e9", "cafe\u0301"})  // composed, and decomposed as on a Mac
    for (const char* file : {"/1.png", "/2.png"}) write_picture(accents / (name + std::string(file)), 9);
  CHECK(holds(message([&] { datasets::load_sets(folder_text(accents, "size=4")); }),
              "two classes are both called 'caf\u00e9', in two Unicode forms"));
  struct Row {
    const char *one, *other;
    bool same;
  };
  for (const auto& [one, other, same] :
       {Row{"Cat", "cat", true}, Row{"\u00c9t\u00e9", "e\u0301te\u0301", true}, Row{"\u0416", "\u0436", true},
        Row{"\u03a3", "\u03c3", true}, Row{"cafe", "caf\u00e9", false}, Row{"a", "b", false}}) {
    const std::string called = one;
    CAPTURE(called);
    const TempFolder folder;
    for (const char* name : {one, other})
      for (const char* file : {"/1.png", "/2.png"}) write_picture(folder / (name + std::string(file)), 9);
    const auto notes = datasets::load_sets(folder_text(folder, "size=4")).notes();
    CHECK(notes.size() == (same ? 1 : 0));
    if (same) CHECK(holds(notes.at(0), "differ in capital letters only"));
  }
  for (const auto& [one, other] :
       {std::pair{"\ud55c", "\u1112\u1161\u11ab"}, std::pair{"\u304c", "\u304b\u3099"},
        std::pair{"\u1ec7", "e\u0323\u0302"}}) {
    const TempFolder folder;
    for (const char* name : {one, other}) write_picture(folder / (name + std::string("/1.png")), 9);
    CHECK(
        holds(message([&] { datasets::load_sets(folder_text(folder, "size=4")); }), "in two Unicode forms"));
  }
}
