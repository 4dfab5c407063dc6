#pragma once
/// @file
/// Every initializer with its factory, for `#include <fanin/init/init.hpp>`.
#include <fanin/init/classic.hpp>
#include <fanin/init/constant.hpp>
#include <fanin/init/elsewhere.hpp>
#include <fanin/init/gain.hpp>
#include <fanin/init/identity.hpp>
#include <fanin/init/initializer.hpp>
#include <fanin/init/mean_field.hpp>
#include <fanin/init/orthogonal.hpp>
#include <fanin/init/random.hpp>
#include <fanin/init/sparse.hpp>
#include <fanin/init/structural.hpp>
#include <fanin/init/variance_scaling.hpp>
