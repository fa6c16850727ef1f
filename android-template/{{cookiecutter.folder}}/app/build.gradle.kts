import groovy.json.JsonSlurper

plugins {
    alias(libs.plugins.android.application)
    alias(libs.plugins.kotlin.compose)
    alias(libs.plugins.kotlin.serialization)
}

android {
    namespace = "{{ cookiecutter.app.package }}"
    compileSdk = {{ cookiecutter.facts.sdk.compile }}
    ndkVersion = "{{ cookiecutter.facts.ndk.version }}"

    defaultConfig {
        applicationId = "{{ cookiecutter.app.package }}"
        minSdk = {{ cookiecutter.facts.sdk.min }}
        targetSdk = {{ cookiecutter.facts.sdk.target }}
        versionCode = {{ cookiecutter.app.version_code }}
        versionName = "{{ cookiecutter.app.version }}"
        testInstrumentationRunner = "androidx.test.runner.AndroidJUnitRunner"

        ndk {
{%- for abi in cookiecutter.facts.abis.names %}
            abiFilters += "{{ abi }}"
{%- endfor %}
        }
        externalNativeBuild {
            cmake {
                // Without `targets`, every library of the CMake project is built and packed. No C++ object goes from
                // one to another, so each can have the standard library inside.
                arguments += listOf("-DANDROID_STL=c++_static", "-DANDROID_SUPPORT_FLEXIBLE_PAGE_SIZES=ON")
{%- for argument in cookiecutter.slots.android.cmake_arguments %}
                arguments += "{{ argument }}"
{%- endfor %}
            }
        }
    }

    externalNativeBuild {
        cmake {
            path = file("../../native/CMakeLists.txt")
            version = "{{ cookiecutter.facts.cmake.version }}"
        }
    }

    sourceSets {
        named("main") {
            kotlin.directories += "../../native/bindings/kotlin"
            assets.directories += "../../tasks"
        }
    }

    androidResources {
        generateLocaleConfig = true
{%- for suffix in cookiecutter.slots.android.no_compress %}
        noCompress += "{{ suffix }}" // read where it lies in the APK, never unpacked
{%- endfor %}
    }

    // A key store is a secret and comes from the environment; without one, release builds stay unsigned.
    val keyStore = providers.environmentVariable("APP_KEYSTORE").orNull
    signingConfigs {
        if (keyStore != null) {
            create("release") {
                storeFile = file(keyStore)
                storePassword = providers.environmentVariable("APP_KEYSTORE_PASSWORD").get()
                keyAlias = providers.environmentVariable("APP_KEY_ALIAS").get()
                keyPassword = providers.environmentVariable("APP_KEY_PASSWORD").get()
            }
        }
    }

    buildTypes {
        release {
            isMinifyEnabled = true
            isShrinkResources = true
            proguardFiles(getDefaultProguardFile("proguard-android-optimize.txt"), "proguard-rules.pro")
            signingConfig = signingConfigs.findByName("release")
        }
        // The release as the module benchmark/ measures it.
        create("benchmark") {
            initWith(getByName("release"))
            signingConfig = signingConfigs.getByName("debug")
            matchingFallbacks += "release"
        }
    }

    compileOptions {
        sourceCompatibility = JavaVersion.VERSION_{{ cookiecutter.facts.java.version }}
        targetCompatibility = JavaVersion.VERSION_{{ cookiecutter.facts.java.version }}
    }

    buildFeatures {
        compose = true
    }

    lint {
        lintConfig = file("lint.xml")
        warningsAsErrors = true
    }
}

dependencies {
    implementation(platform(libs.androidx.compose.bom))
    implementation(libs.androidx.activity.compose)
    implementation(libs.androidx.compose.material3)
    implementation(libs.androidx.compose.ui)
    implementation(libs.androidx.compose.ui.tooling.preview)
    implementation(libs.androidx.core.ktx)
    implementation(libs.androidx.lifecycle.runtime.compose)
    implementation(libs.androidx.lifecycle.viewmodel.compose)
    implementation(libs.kotlinx.coroutines.android)
    implementation(libs.kotlinx.serialization.json)
{%- for dependency in cookiecutter.slots.android.gradle_dependencies %}
    implementation("{{ dependency }}")
{%- endfor %}

    debugImplementation(libs.androidx.compose.ui.tooling)
    debugImplementation(libs.androidx.compose.ui.test.manifest)

    testImplementation(libs.junit)
    testImplementation(libs.kotlinx.coroutines.test)

    androidTestImplementation(platform(libs.androidx.compose.bom))
    androidTestImplementation(libs.androidx.compose.ui.test.junit4)
    androidTestImplementation(libs.androidx.test.junit)
    androidTestImplementation(libs.androidx.test.runner)
}

/** Models are not in git, so after a fresh clone one may be missing: says which, and what brings it. */
abstract class CheckModels : DefaultTask() {
    @get:InputFiles
    @get:PathSensitive(PathSensitivity.RELATIVE)
    abstract val manifests: ConfigurableFileCollection

    @TaskAction
    fun check() {
        val missing = manifests.files.flatMap { manifest ->
            val files = (JsonSlurper().parse(manifest) as Map<*, *>)["files"] as? Map<*, *> ?: emptyMap<Any, Any>()
            files.values.map { manifest.resolveSibling(it.toString()) }.filterNot { it.exists() }
        }
        if (missing.isNotEmpty()) {
            throw GradleException(
                "Model files are missing: ${missing.joinToString()}\n" +
                    "They are not in git. Fetch them with: python3 ../fetch.py",
            )
        }
    }
}

val checkModels = tasks.register<CheckModels>("checkModels") {
    manifests.from(fileTree("../../tasks") { include("*/task.json") })
}
tasks.named("preBuild") { dependsOn(checkModels) }
