plugins {
    alias(libs.plugins.android.test)
}

android {
    namespace = "{{ cookiecutter.app.package }}.benchmark"
    compileSdk = {{ cookiecutter.facts.sdk.compile }}
    targetProjectPath = ":app"

    defaultConfig {
        minSdk = 28 // the oldest Android whose starts can be measured from outside
        targetSdk = {{ cookiecutter.facts.sdk.target }}
        testInstrumentationRunner = "androidx.test.runner.AndroidJUnitRunner"
    }

    buildTypes {
        // The only one of this module: the app as it is released, but signed for tests.
        create("benchmark") {
            isDebuggable = true
            signingConfig = signingConfigs.getByName("debug")
            matchingFallbacks += "release"
        }
    }

    compileOptions {
        sourceCompatibility = JavaVersion.VERSION_{{ cookiecutter.facts.java.version }}
        targetCompatibility = JavaVersion.VERSION_{{ cookiecutter.facts.java.version }}
    }

    experimentalProperties["android.experimental.self-instrumenting"] = true

    lint {
        warningsAsErrors = true
    }
}

androidComponents {
    beforeVariants { variant -> variant.enable = variant.buildType == "benchmark" }
}

dependencies {
    implementation(libs.androidx.benchmark.macro.junit4)
    implementation(libs.androidx.test.junit)
    implementation(libs.androidx.test.runner)
    implementation(libs.androidx.test.uiautomator)
}
