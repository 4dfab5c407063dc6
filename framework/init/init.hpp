#pragma once
// Every initializer with its factory, for `#include "framework/init/init.hpp"`.
#include "framework/init/classic.hpp"
#include "framework/init/constant.hpp"
#include "framework/init/data_dependent.hpp"
#include "framework/init/gain.hpp"
#include "framework/init/identity.hpp"
#include "framework/init/initializer.hpp"
#include "framework/init/mean_field.hpp"
#include "framework/init/orthogonal.hpp"
#include "framework/init/random.hpp"
#include "framework/init/sparse.hpp"
#include "framework/init/structural.hpp"
#include "framework/init/variance_scaling.hpp"
