#include <doctest/doctest.h>
#include <zlib.h>

#include <cmath>
#include <ctime>
#include <filesystem>

#include <fanin/core/error.hpp>
#include <fanin/datasets.hpp>

#include "tests/datasets/files.hpp"
#include "tests/message.hpp"
#include "tests/usage_message.hpp"

using namespace fanin;

namespace {

double cpu_seconds() {
  timespec now;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

double bare_inflate_seconds(const std::string& path) {
  const double begin = cpu_seconds();
  std::vector<char> bytes(50'000'000);
  const gzFile file = gzopen(path.c_str(), "rb");
  REQUIRE(file != nullptr);
  CHECK(gzread(file, bytes.data(), static_cast<unsigned>(bytes.size())) == 16 + 60000 * 28 * 28);
  gzclose(file);
  return cpu_seconds() - begin;
}

}  // namespace

TEST_CASE("fashion-mnist is what its authors published, and loads as fast as zlib goes") {
  const std::string folder = "/usr/share/datasets/fashion-mnist";
  if (!std::filesystem::exists(folder)) {
    MESSAGE("skipped: Debian package dataset-fashion-mnist is not installed");
    return;
  }
  // Half a second on an idle machine; this one may be busy, so it is measured against zlib alone, and again
  // if need be.
  data::Sets data;
  bool fast = false;
  for (int tries = 0; tries < 3 && !fast; ++tries) {
    const double begin = cpu_seconds();
    data = datasets::load_sets("fashion-mnist");
    fast = cpu_seconds() - begin < 2 * bare_inflate_seconds(folder + "/train-images-idx3-ubyte.gz");
  }
  CHECK(fast);
  CHECK(data.training.count == 60000);
  CHECK(data.test.count == 10000);
  CHECK(data.training.height == 28);
  CHECK(data.training.width == 28);
  CHECK(data.training.class_counts() == std::vector<Index>(10, 6000));
  CHECK(data.test.class_counts() == std::vector<Index>(10, 1000));
  CHECK(data.training.class_name(data.training.labels[0]) == "Ankle boot");
  // The constants everybody uses are those of the training images.
  data::Dataset measured = data.training;
  measured.measure();
  CHECK(measured.mean[0] == doctest::Approx(data.test.mean[0]).epsilon(1e-3));
  CHECK(measured.stddev[0] == doctest::Approx(data.test.stddev[0]).epsilon(1e-3));
}

TEST_CASE("what is typed wrong is named, with the nearest names") {
  const auto blame = [](const char* text) {
    try {
      datasets::load_dataset(text, datasets::Split::train);
    } catch (const Error& error) {
      CHECK(error.blame() == Blame::usage);
      return std::string(error.what());
    }
    return std::string("no error");
  };
  CHECK(blame("fashion-mnits") ==
        "unknown data set 'fashion-mnits' at character 1 of 'fashion-mnits'; did you mean 'fashion-mnist'?");
  CHECK(blame("cats").ends_with("; known: fashion-mnist, mnist, cifar10, idx, folder, synthetic"));
  CHECK(blame("synthetic(clases=3)").find("did you mean 'classes'") != std::string::npos);
  CHECK(blame("synthetic(count=0)").find("count = '0' must be a whole number from 1") != std::string::npos);
  CHECK(blame("synthetic(count=9000000, size=512)").find("4 GiB") != std::string::npos);
  CHECK(blame("synthetic(noise=-1)").find("noise = '-1'") != std::string::npos);
  CHECK(blame("mnist(3)").find("takes no options") != std::string::npos);
  CHECK(blame("folder").find("'path' is missing") != std::string::npos);
  CHECK(blame("folder(x, test=1.5)").find("test = '1.5'") != std::string::npos);
  CHECK(blame("").find("expected a name") != std::string::npos);
}

TEST_CASE("a folder of four IDX files: plain or .gz, the test half judged by the training half") {
  const TempFolder folder;
  write_bytes(folder / "train-images-idx3-ubyte", idx_images({0, 100, 50, 250}, 2, 1, 2));
  write_gz(folder / "train-labels-idx1-ubyte.gz", idx_labels({0, 2}));
  write_gz(folder / "t10k-images-idx3-ubyte.gz", idx_images({9, 9}, 1, 1, 2));
  write_bytes(folder / "t10k-labels-idx1-ubyte", idx_labels({1}));
  const std::string text = "idx(" + folder.path() + ")";

  const data::Sets both = datasets::load_sets(text);
  CHECK(both.training.classes == 3);
  CHECK(both.training.mean[0] == doctest::Approx(100 / 255.0));
  CHECK(both.training.stddev[0] ==
        doctest::Approx(std::sqrt((100. * 100 + 0 + 50 * 50 + 150 * 150) / 4) / 255));
  CHECK(both.test.mean == both.training.mean);
  CHECK(both.test.stddev == both.training.stddev);
  CHECK(both.test.classes == 3);
  const data::Dataset alone = datasets::load_dataset(text, datasets::Split::test);
  CHECK(alone.mean == both.training.mean);
  CHECK(alone.name == text);
  CHECK(datasets::load_dataset(alone.name, datasets::Split::test).images == alone.images);
  CHECK(alone.images == std::vector<std::uint8_t>{9, 9});

  write_bytes(folder / "t10k-labels-idx1-ubyte", idx_labels({3}));
  CHECK_THROWS_WITH_AS(datasets::load_sets(text),
                       doctest::Contains("label 3 of sample 0 is out of range, expected 0..2"), Error);
}

TEST_CASE("a class that never occurs in training is told, with what to do about labels from 1") {
  const TempFolder folder;
  const auto write = [&](const Bytes& labels) {
    const auto count = static_cast<std::uint32_t>(labels.size());
    for (const std::string half : {"train", "t10k"}) {
      write_bytes(folder / (half + "-images-idx3-ubyte"), idx_images(Bytes(labels.size(), 9), count, 1, 1));
      write_bytes(folder / (half + "-labels-idx1-ubyte"), idx_labels(labels));
    }
    return "idx(" + folder.path();
  };
  using List = std::vector<std::string>;
  const std::string letters = write({1, 2, 3, 3});
  CHECK(
      datasets::load_sets(letters + ")").notes() ==
      List{
          "1 of 4 classes never occurs in the training images: 0; its labels begin at 1: only=1..3 renumbers them from 0"});
  CHECK(datasets::load_sets(letters + ", only=1..3)").notes().empty());
  CHECK(datasets::load_sets(letters + ", only=1..3)").training.classes == 3);
  CHECK(datasets::load_sets(letters + ", only=0..1)").notes() ==
        List{"1 of 2 classes never occurs in the training images: 0"});
  CHECK(datasets::load_sets(letters + ", classes=6)").notes() ==
        List{"3 of 6 classes never occur in the training images: 0, 4, 5"});
  const std::string gaps = write({0, 2, 2, 5});
  CHECK(datasets::load_sets(gaps + ")").notes() ==
        List{"3 of 6 classes never occur in the training images: 1, 3, 4"});
  CHECK(datasets::load_sets(gaps + ", only=0+2+5)").notes().empty());
  CHECK(datasets::load_sets("synthetic(classes=12, count=5, size=2)").notes().size() == 1);
}

TEST_CASE("IDX files are found under EMNIST's and QMNIST's own names") {
  const TempFolder folder;
  const auto write = [&](const std::string& set, const std::string& test, const std::string& labels,
                         std::uint8_t pixel) {
    for (const std::string& half : {std::string("train"), test}) {
      write_gz(folder / (set + half + "-images-idx3-ubyte.gz"), idx_images({pixel}, 1, 1, 1));
      write_bytes(
          folder / (set + half + "-labels-" + labels),
          labels == "idx1-ubyte" ? idx_labels({0}) : Bytes{0, 0, 12, 2, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 0});
    }
  };
  const std::string text = "idx(" + folder.path();
  write("emnist-letters-", "test", "idx1-ubyte", 1);
  CHECK(datasets::load_sets(text + ")").test.images == Bytes{1});
  write("qmnist-", "test", "idx2-int", 2);
  const std::string several = message([&] { datasets::load_sets(text + ")"); });
  CHECK(holds(several, "the files of several data sets (emnist-letters, qmnist); say which: idx(" +
                           folder.path() + ", name=emnist-letters)"));
  CHECK(datasets::load_sets(text + ", name=qmnist)").training.images == Bytes{2});
  CHECK(datasets::load_sets(text + ", name=emnist-letters)").training.images == Bytes{1});
  CHECK(holds(message([&] { datasets::load_sets(text + ", name=emnist-leters)"); }),
              "no files of 'emnist-leters'; did you mean 'emnist-letters'?"));
  write("", "t10k", "idx1-ubyte", 3);  // MNIST's names stand for themselves
  CHECK(datasets::load_sets(text + ")").training.images == Bytes{3});
}

TEST_CASE("a missing set says where it was looked for and how to get it") {
  CHECK_THROWS_WITH_AS(datasets::load_dataset("idx(/no/such/folder)", datasets::Split::train),
                       "/no/such/folder: no such folder, expected MNIST's four IDX files in it", Error);
  const TempFolder empty;
  const EnvironmentVariable data_root("FANIN_DATA", empty.path());
  std::filesystem::create_directory(empty / "mnist");
  CHECK_THROWS_WITH_AS(
      datasets::load_dataset("mnist", datasets::Split::train),
      (empty / "mnist/train-labels-idx1-ubyte[.gz]: no such file, expected IDX data; get it with: make "
               "data-mnist")
          .c_str(),
      Error);
}

TEST_CASE("a name is looked for in $FANIN_DATA first") {
  const TempFolder root;
  const EnvironmentVariable data_root("FANIN_DATA", root.path());
  std::filesystem::create_directory(root / "mnist");
  for (const char* half : {"train", "t10k"}) {
    write_gz(root / ("mnist/" + std::string(half) + "-images-idx3-ubyte.gz"), idx_images({7, 8}, 2, 1, 1));
    write_bytes(root / ("mnist/" + std::string(half) + "-labels.idx1-ubyte"), idx_labels({9, 0}));
  }
  const data::Sets data = datasets::load_sets("mnist");
  CHECK(data.training.labels == std::vector<std::int32_t>{9, 0});
  CHECK(data.test.images == std::vector<std::uint8_t>{7, 8});
  CHECK(data.test.mean[0] == doctest::Approx(0.1307));
  CHECK(data.test.stddev[0] == doctest::Approx(0.3081));
}

TEST_CASE("CIFAR-10's records are a label and three planes of colour") {
  const TempFolder root;
  const EnvironmentVariable data_root("FANIN_DATA", root.path());
  std::filesystem::create_directory(root / "cifar10");
  const auto record = [](std::uint8_t label, std::uint8_t colour) {
    Bytes bytes(1 + 3 * 32 * 32, colour);
    bytes[0] = label;
    return bytes;
  };
  for (std::uint8_t batch = 1; batch <= 5; ++batch)
    write_bytes(root / ("cifar10/data_batch_" + std::to_string(batch) + ".bin"), record(batch, batch));
  write_bytes(root / "cifar10/test_batch.bin", record(9, 90));
  const data::Sets data = datasets::load_sets("cifar10");
  CHECK(data.training.labels == std::vector<std::int32_t>{1, 2, 3, 4, 5});
  CHECK(data.training.image(4)[3071] == 5);
  CHECK(data.test.count == 1);
  CHECK(data.test.class_name(data.test.labels[0]) == "truck");
  CHECK(data.test.mean.size() == 3);

  write_bytes(root / "cifar10/test_batch.bin", record(10, 0));
  CHECK_THROWS_WITH_AS(datasets::load_dataset("cifar10", datasets::Split::test),
                       doctest::Contains("label 10 at position 0 is out of range, expected 0..9"), Error);
  write_bytes(root / "cifar10/test_batch.bin", Bytes(3072));
  CHECK_THROWS_WITH_AS(datasets::load_dataset("cifar10", datasets::Split::test),
                       doctest::Contains("3072 bytes, expected a positive multiple of 3073"), Error);
  std::filesystem::remove(root / "cifar10/data_batch_3.bin");
  CHECK_THROWS_WITH_AS(
      datasets::load_dataset("cifar10", datasets::Split::train),
      doctest::Contains("data_batch_3.bin: no such file, expected a CIFAR-10 batch; get it with: "), Error);
}

TEST_CASE("a selection keeps some classes, renumbered, and some training samples of each") {
  const data::Sets all = datasets::load_sets("synthetic(classes=6, count=600, size=4)");
  const data::Sets part =
      datasets::load_sets("synthetic(classes=6, count=600, size=4, only=3..4+1, per_class=7)");
  CHECK(part.training.classes == 3);
  CHECK(part.training.count == 21);
  CHECK(part.training.class_counts() == std::vector<Index>{7, 7, 7});
  const auto counts = all.test.class_counts();
  CHECK(part.test.class_counts() == std::vector<Index>{counts[3], counts[4], counts[1]});
  CHECK(part.training.mean == all.training.mean);
  CHECK(datasets::load_dataset(part.training.name, datasets::Split::train).images == part.training.images);
  CHECK(datasets::load_sets("synthetic(classes=6, count=600, size=4, only=3..4+1, per_class=7, draw=1)")
            .training.images != part.training.images);

  const auto refused = [](const std::string& options) {
    return usage_message(
        [&] { datasets::load_sets("synthetic(classes=6, count=60, size=4, " + options + ")"); });
  };
  CHECK(refused("only=0-4").find("only = '0-4' must be classes") != std::string::npos);
  CHECK(refused("only=1+1").find("each once") != std::string::npos);
  CHECK(refused("only=4..2").find("must be classes") != std::string::npos);
  CHECK(refused("per_class=0").find("per_class = '0'") != std::string::npos);
  CHECK_THROWS_WITH_AS(datasets::load_sets("synthetic(classes=6, count=60, size=4, only=9)"),
                       doctest::Contains("no class 9, expected 0..5"), Error);
  CHECK_THROWS_WITH_AS(datasets::load_sets("synthetic(classes=6, count=60, size=4, per_class=900)"),
                       doctest::Contains("cannot take 900"), Error);
}
