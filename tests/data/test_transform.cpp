#include <doctest/doctest.h>

#include <algorithm>
#include <set>

#include <fanin/core/fail.hpp>
#include <fanin/data/transform.hpp>

using namespace fanin;

namespace {

using Bytes = std::vector<std::uint8_t>;

Bytes applied(const data::Transform& transform, Bytes image, Index channels, Index height, Index width,
              Generator& gen) {
  Bytes scratch(image.size());
  transform.augment({image.data(), channels, height, width}, scratch, gen);
  return image;
}

const Bytes two_by_three = {1, 2, 3, 4, 5, 6};

}  // namespace

TEST_CASE("flip mirrors rows in every channel, as often as p says") {
  Generator gen(1);
  const Bytes two_channels = {1, 2, 3, 4, 5, 6, 7, 8};
  CHECK(applied(data::Transform().flip(1), two_channels, 2, 2, 2, gen) == Bytes{2, 1, 4, 3, 6, 5, 8, 7});
  CHECK(applied(data::Transform().flip(0), two_channels, 2, 2, 2, gen) == two_channels);
  int mirrored = 0;
  for (int i = 0; i < 1000; ++i)
    mirrored += applied(data::Transform().flip(0.25), two_by_three, 1, 2, 3, gen)[0] == 3;
  CHECK(mirrored > 200);
  CHECK(mirrored < 300);
}

TEST_CASE("shift reaches every offset within its range, fills with zero, and nothing beyond") {
  Generator gen(2);
  std::set<Bytes> seen;
  for (int i = 0; i < 200; ++i)
    seen.insert(applied(data::Transform().shift(1, 0), two_by_three, 1, 2, 3, gen));
  CHECK(seen == std::set<Bytes>{two_by_three, {2, 3, 0, 5, 6, 0}, {0, 1, 2, 0, 4, 5}});
  seen.clear();
  for (int i = 0; i < 500; ++i)
    seen.insert(applied(data::Transform().shift(1, 1), two_by_three, 1, 2, 3, gen));
  CHECK(seen.size() == 9);
  CHECK(seen.contains({0, 0, 0, 0, 1, 2}));
  // Further than the image is wide: nothing but the filling is left, and nothing outside is read.
  CHECK(applied(data::Transform().shift(4096, 4096), two_by_three, 1, 2, 3, gen) == Bytes(6));
}

TEST_CASE("crop pads with zeros, the border, or its mirror image") {
  Generator gen(3);
  const Bytes row = {1, 2, 3, 4};
  const auto outcomes = [&](const data::Transform& transform) {
    std::set<Bytes> seen;
    for (int i = 0; i < 500; ++i) seen.insert(applied(transform, row, 1, 1, 4, gen));
    return seen;
  };
  CHECK(outcomes(data::Transform().crop(1, data::Transform::Fill::edge)) ==
        std::set<Bytes>{row, {1, 1, 2, 3}, {2, 3, 4, 4}});
  CHECK(outcomes(data::Transform().crop(1, data::Transform::Fill::reflect)) ==
        std::set<Bytes>{row, {2, 1, 2, 3}, {2, 3, 4, 3}});
  CHECK(outcomes(data::Transform().crop(1)) ==
        std::set<Bytes>{row, {0, 1, 2, 3}, {2, 3, 4, 0}, {0, 0, 0, 0}});
  // Far beyond a mirror's width the mirror mirrors itself.
  for (const Bytes& image : outcomes(data::Transform().crop(4000, data::Transform::Fill::reflect)))
    CHECK(std::all_of(image.begin(), image.end(), [](int pixel) { return pixel >= 1 && pixel <= 4; }));
}

TEST_CASE("the same generator gives the same augmentation") {
  const data::Transform transform = data::Transform::parse("crop(pad=2); flip; shift(2)");
  Bytes image(28 * 28);
  for (std::size_t i = 0; i < image.size(); ++i) image[i] = static_cast<std::uint8_t>(i * 31);
  Generator a(4), b(4), c(5);
  std::vector<Bytes> from_a, from_b, from_c;
  for (int i = 0; i < 5; ++i) {
    from_a.push_back(applied(transform, image, 1, 28, 28, a));
    from_b.push_back(applied(transform, image, 1, 28, 28, b));
    from_c.push_back(applied(transform, image, 1, 28, 28, c));
  }
  CHECK(from_a == from_b);
  CHECK(from_a != from_c);
}

TEST_CASE("the text form reads back as the same transform") {
  for (const char* text :
       {"", "flip", "flip(p=0.25)", "crop(pad=4)", "crop(pad=4, mode=reflect); flip", "shift(2)",
        "shift(x=3, y=0)", "crop(pad=2); flip; shift(2)", "flip; normalise(mean=0.5, stddev=0.25)",
        "normalise(mean=0.485+0.456+0.406, stddev=0.229+0.224+0.225)",
        "normalise(mean=-0.5+1e-05, stddev=100000)"}) {
    CAPTURE(text);
    CHECK(data::Transform::parse(text).to_string() == text);
  }
  CHECK(data::Transform::parse(" flip ;; shift ") == data::Transform().flip().shift(2, 2));
  CHECK(data::Transform::parse("crop(3, edge)") == data::Transform().crop(3, data::Transform::Fill::edge));
  CHECK(data::Transform::parse("normalize(mean=0.5, stddev=0.25)").to_string() ==
        "normalise(mean=0.5, stddev=0.25)");
  CHECK(data::Transform::parse("shift(y=1)") == data::Transform().shift(0, 1));
}

TEST_CASE("a wrong text names the step, the position and the nearest names") {
  const auto blame = [](const char* text) {
    try {
      data::Transform::parse(text);
    } catch (const Error& error) {
      CHECK(error.blame() == Blame::usage);
      return std::string(error.what());
    }
    return std::string("no error");
  };
  CHECK(blame("flip; crp(pad=2)") ==
        "unknown transform 'crp' at character 7 of 'flip; crp(pad=2)'; did you mean 'crop'?");
  CHECK(blame("rotate(5)").ends_with("; known: crop, flip, shift, normalise"));
  CHECK(blame("crop(padding=2)").find("unknown option 'padding'") != std::string::npos);
  CHECK(blame("crop(pad=-1)").find("pad = '-1' must be a whole number from 0 to 4096") != std::string::npos);
  CHECK(blame("crop(mode=wrap)").find("one of zero, edge, reflect") != std::string::npos);
  CHECK(blame("flip(2)").find("p = '2' must be from 0 to 1") != std::string::npos);
  CHECK(blame("normalise(mean=0, stddev=0)").find("stddev = '0' must be a positive number") !=
        std::string::npos);
  CHECK(blame("normalise").find("'mean' is missing") != std::string::npos);
  for (const char* bad : {"0.5+", "+", "0.5+nan", "1+x", "inf", "1e300"}) {
    CAPTURE(bad);
    CHECK(blame(fmt::format("normalise(mean={}, stddev=1)", bad).c_str()) != "no error");
    CHECK(blame(fmt::format("normalise(mean=0, stddev={})", bad).c_str()) != "no error");
  }
  CHECK(blame("normalise(mean=0, stddev=0.2+0)").find("stddev = '0.2+0' must be a positive number") !=
        std::string::npos);
  CHECK(blame("flip; shift(").find("expected") != std::string::npos);
  CHECK_THROWS_AS(data::Transform().flip(-0.1), Error);
  CHECK_THROWS_AS(data::Transform().crop(-1), Error);
  CHECK_THROWS_AS(data::Transform().crop(-1), Error);
  CHECK_THROWS_AS(data::Transform().shift(0, 5000), Error);
  CHECK_THROWS_AS(data::Transform().normalize(0, -1), Error);
}
